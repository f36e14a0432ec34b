import { XmlError, type Element } from '../core/element';
import { failureOf, isFailure, type Failure } from '../core/errors';
import { eventOf, vmIn, xmlOfEvent, type VmEvent } from './model/vm-event';
import { message } from '../messages';
import { readXml } from '../os/read-xml';

/** Reads `<VM>`, in XML or in Base64, or returns what is wrong with it. */
export function readVm(given: string): Element | Failure {
  if (given.trim() === '') return failureOf('usage', message('vm-document-empty'));
  try {
    return vmIn(readXml(xmlOfEvent(given)));
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    return failureOf('usage', message('vm-document-unreadable', { error: error.message }));
  }
}

/** The same as an event of OpenNebula. */
export function readVmEvent(given: string): VmEvent | Failure {
  const vm = readVm(given);
  return isFailure(vm) ? vm : eventOf(vm);
}
