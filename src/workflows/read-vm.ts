import { XmlError, type Element } from '../core/element';
import { eventOf, vmIn, xmlOfEvent, type VmEvent } from '../opennebula/vm-history';
import { readXml } from '../system/read-xml';

/** `<VM>`, in XML or in Base64; or what is wrong with it, as text. */
export function readVm(given: string): Element | string {
  if (given.trim() === '') return 'it is empty';
  try {
    return vmIn(readXml(xmlOfEvent(given)));
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    return `it is neither XML nor XML in Base64: ${error.message}`;
  }
}

/** The same as an event of OpenNebula. */
export function readVmEvent(given: string): VmEvent | string {
  const vm = readVm(given);
  return typeof vm === 'string' ? vm : eventOf(vm);
}
