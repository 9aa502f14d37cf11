/** The demo counts what is left with the same eyes. */
export { leftoversOf } from '../../demo/leftovers.js';
