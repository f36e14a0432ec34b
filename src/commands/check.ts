import { nearest } from '../core/did-you-mean';
import { GuardError } from '../core/errors';
import { orders, usualOrders, type Order } from '../core/order';
import { oneOf } from '../core/report-json';
import { message } from '../messages';
import { validateHost } from '../os/host-name';
import { check } from '../disk-paths/deep-check';
import { printReports } from '../cli/print-reports';
import { allDomains, someDomains, type Command } from '../cli/command';

export const checkVerb: Command = {
  name: 'check',
  words: '<domain…|--all>',
  takes: someDomains,
  summary: 'can the VM migrate? if not, why, hop by hop',
  options: {
    all: allDomains,
    deep: { help: 'ask QEMU itself, and let it open each path' },
    for: {
      value: 'ORDERS',
      help: `what must not fail: a list of ${orders.join(', ')}; ${usualOrders.join(',')} if it is missing`,
    },
    destination: { value: 'HOST', help: 'do the same paths lead to the same disks on that host?' },
  },
  examples: [
    ['migrate-guard check one-310', 'one domain, by name'],
    ['migrate-guard check --all --json', 'all domains of this host, for a program'],
    ['migrate-guard check 310 --deep --destination kvm2', 'everything that can be known before a migration'],
    ['migrate-guard check 310 --for snapshot,commit', 'would a live snapshot, or its deletion, fail?'],
  ],
  run: (line, settings) => {
    const destination = line.value('destination');
    if (destination !== undefined) validateHost(destination);
    const options = { settings, deep: line.flag('deep'), wanted: readOrders(line.value('for')), destination };
    return printReports(check(line.flag('all') ? 'all' : line.words, options), line);
  },
};

/** @throws GuardError for a word that is no order */
function readOrders(list: string | undefined): readonly Order[] {
  if (list === undefined) return usualOrders;
  return list.split(',').map((given) => {
    const word = given.trim();
    const order = oneOf(orders, word);
    if (order) return order;
    const values = {
      orders: orders.join(', '),
      order: JSON.stringify(word),
      nearest: nearest(word, orders) ?? '',
    };
    throw new GuardError('usage', message('order-not-known', values));
  });
}
