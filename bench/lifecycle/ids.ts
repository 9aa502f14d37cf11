/** New sandbox ids, chosen by the benchmark. */
import { customAlphabet } from 'nanoid';
import { ID_ALPHABET } from '../../domain/names.js';

const random = customAlphabet(ID_ALPHABET, 10);

export const newId = (): string => `sb${random()}`;
