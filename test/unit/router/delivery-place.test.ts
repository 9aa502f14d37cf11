import { describe, expect, it } from 'vitest';
import { placeOfReply } from '../../../router/wire/delivery-place.js';

describe('the subject of a delivery', () => {
  it('is read in both of its forms', () => {
    const expected = { rawSequence: 22, consumerSequence: 33, pending: 55 };
    expect(placeOfReply('$JS.ACK.RAW.c.1.22.33.44.55')).toEqual(expected);
    expect(placeOfReply('$JS.ACK.hub.acc.RAW.c.1.22.33.44.55')).toEqual(expected);
    expect(placeOfReply('$JS.ACK._.acc.RAW.c.1.22.33.44.55.token')).toEqual(expected);
  });
});
