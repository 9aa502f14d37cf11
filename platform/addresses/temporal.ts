/** Parses the address of Temporal: `host:port`, as in Temporal's own tools. */
import { AddressProblem, orInvalid } from './problem.js';
import { placeOf, placeText } from './url.js';

/** @throws SANDBOX_008 */
export const temporalAddress = (text: string): string =>
  orInvalid('Temporal', () => readTemporalAddress(text));

/** @throws AddressProblem */
export function readTemporalAddress(text: string): string {
  if (text.includes('://')) {
    throw new AddressProblem(
      'must be host:port, without a scheme',
      'TLS is asked for by TEMPORAL_TLS, not by the address.',
    );
  }
  const place = placeOf(text);
  if (place.port === null)
    throw new AddressProblem('must be host:port', 'Temporal’s own port is 7233.');
  return placeText(place);
}
