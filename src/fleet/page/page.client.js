// Makes the page interactive: search, sort, open, copy. The page shows all of its content without this script.
(() => {
  'use strict';
  const table = document.querySelector('table.vms');
  const form = document.getElementById('finder');
  tellAge();
  offerCopies();
  openForPrint();
  if (!table || !form) return;
  const bodies = [...table.tBodies];
  offerSorting();
  const cells = walkableMap();
  offerFinding();
  window.addEventListener('hashchange', () => reveal(location.hash.slice(1)));
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href^="#vm-"]');
    if (!link) return;
    event.preventDefault();
    history.pushState(null, '', link.hash);
    reveal(link.hash.slice(1));
  });
  if (location.hash) reveal(location.hash.slice(1));

  /** Ages in the page are relative to the audit, so a saved page shows how old it is. */
  function tellAge() {
    const asked = document.getElementById('asked');
    const minutes = Math.floor((Date.now() - Date.parse(asked.dateTime)) / 60_000);
    const since = document.getElementById('since');
    if (!(minutes >= 2)) return;
    const [number, unit] =
      minutes < 120
        ? [minutes, 'minutes']
        : minutes < 2880
          ? [Math.floor(minutes / 60), 'hours']
          : [Math.floor(minutes / 1440), 'days'];
    since.textContent = ` (${number} ${unit} ago)`;
  }

  function offerCopies() {
    for (const line of document.querySelectorAll('code.command')) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'copy';
      button.textContent = 'Copy';
      button.setAttribute('aria-label', `Copy ${line.textContent}`);
      button.addEventListener('click', () => copy(line, button));
      line.after(' ', button);
    }
  }

  async function copy(line, button) {
    try {
      await navigator.clipboard.writeText(line.textContent);
      button.textContent = 'Copied';
    } catch {
      // This page may not use the clipboard: the selected text can be copied by hand.
      getSelection().selectAllChildren(line);
      button.textContent = 'Selected';
    }
    button.addEventListener('blur', () => (button.textContent = 'Copy'), { once: true });
  }

  function openForPrint() {
    let opened = [];
    window.addEventListener('beforeprint', () => {
      opened = [...document.querySelectorAll('details:not([open])')];
      for (const details of opened) details.open = true;
    });
    window.addEventListener('afterprint', () => {
      for (const details of opened) details.open = false;
    });
  }

  function offerSorting() {
    const collator = new Intl.Collator('en', { numeric: true });
    const headers = [...table.tHead.rows[0].cells];
    headers.forEach((header, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = header.textContent;
      header.replaceChildren(button);
      button.addEventListener('click', () => {
        const down = header.getAttribute('aria-sort') === 'ascending';
        for (const other of headers) other.removeAttribute('aria-sort');
        header.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        const keyed = bodies.map((body) => [keyOf(body.rows[0].cells[column]), body]);
        keyed.sort(([one], [other]) => collator.compare(one, other) * (down ? -1 : 1));
        table.append(...keyed.map(([, body]) => body));
      });
    });
  }

  function keyOf(cell) {
    return cell.dataset.key ?? cell.textContent;
  }

  function offerFinding() {
    const texts = new Map(bodies.map((body) => [body, body.textContent.toLowerCase()]));
    const cellOf = new Map(cells.map((cell) => [cell.hash, cell]));
    const { text, verdict, host, found } = form.elements;
    const find = () => {
      const words = text.value.toLowerCase().split(/\s+/);
      let number = 0;
      for (const body of bodies) {
        const matches =
          words.every((word) => texts.get(body).includes(word)) &&
          (host.value === '' || body.dataset.host === host.value) &&
          hasVerdict(body, verdict.value);
        body.hidden = !matches;
        cellOf.get(`#${idOf(body)}`)?.classList.toggle('other', !matches);
        if (matches) number += 1;
      }
      found.value = `${number} of ${bodies.length} VMs`;
    };
    form.addEventListener('input', find);
    form.addEventListener('reset', () => setTimeout(find));
    form.addEventListener('submit', (event) => event.preventDefault());
    form.hidden = false;
    find();
  }

  function hasVerdict(body, wanted) {
    if (wanted === '') return true;
    // Only VMs at risk have details.
    if (wanted === 'at-risk') return body.rows.length > 1;
    return body.dataset.verdict === wanted || body.dataset.state === wanted;
  }

  function idOf(body) {
    return body.id || body.querySelector('.trouble').id;
  }

  /** The map is one stop of the Tab key; arrow keys move from VM to VM. */
  function walkableMap() {
    const map = document.querySelector('.map');
    const all = [...map.querySelectorAll('a.mark')];
    const stopAt = (cell) => {
      map.querySelector('a.mark[tabindex="0"]')?.setAttribute('tabindex', '-1');
      cell.setAttribute('tabindex', '0');
    };
    for (const cell of all) cell.setAttribute('tabindex', '-1');
    if (all.length > 0) stopAt(all[0]);
    map.addEventListener('focusin', (event) => {
      if (event.target.matches('a.mark')) stopAt(event.target);
    });
    map.addEventListener('keydown', (event) => {
      const here = all.indexOf(event.target);
      if (here < 0) return;
      const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -here, End: all.length - 1 - here };
      const next =
        event.key in steps
          ? all[here + steps[event.key]]
          : event.key === 'ArrowDown' || event.key === 'ArrowUp'
            ? inNextHost(event.target, event.key === 'ArrowDown')
            : undefined;
      if (!next) return;
      event.preventDefault();
      next.focus();
    });
    return all;
  }

  function inNextHost(cell, down) {
    const rows = [...document.querySelectorAll('.map .cells')].filter((row) => row.firstElementChild);
    const row = cell.parentElement;
    const next = rows[rows.indexOf(row) + (down ? 1 : -1)];
    return next?.children[Math.min([...row.children].indexOf(cell), next.children.length - 1)];
  }

  /** Shows the details of a VM, even when the filters hide it. */
  function reveal(id) {
    const target = document.getElementById(id);
    const body = target?.closest('tbody');
    if (!body) return;
    if (body.hidden) {
      form.reset();
      body.hidden = false;
    }
    const details = body.querySelector('details');
    if (details) details.open = true;
    const stop = details?.querySelector('summary') ?? body;
    if (!details) body.tabIndex = -1;
    stop.focus({ preventScroll: true });
    body.scrollIntoView({ block: 'start' });
  }
})();
