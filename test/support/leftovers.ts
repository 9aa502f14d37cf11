/** Tests and demo share one count of leftovers. */
export { leftoversOf } from '../../demo/leftovers.js';
