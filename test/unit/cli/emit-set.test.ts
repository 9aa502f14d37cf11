/** `bd sandbox emit --set`: the field that a path names, and how a value is read. */
import { describe, expect, it } from 'vitest';
import { override } from '../../../cli/emit/override.js';

describe('--set', () => {
  const dispatch = JSON.stringify({
    t: 'X',
    s: 1,
    op: 0,
    d: { content: 'a', author: { id: '1' } },
  });

  it('sets fields of d, sets top-level fields with $, and makes missing ones', () => {
    const settings = ['content=b c', 'author.bot=true', 'new.deep=null', '$.s=7'];
    expect(JSON.parse(override(dispatch, settings))).toEqual({
      ...{ t: 'X', s: 7, op: 0 },
      d: { content: 'b c', author: { id: '1', bot: true }, new: { deep: null } },
    });
  });

  it('changes the dispatch itself if the path begins with one of its fields', () => {
    const settings = ['d.content=x', 'd.author.id=7', 's=8', 't=Y'];
    expect(JSON.parse(override(dispatch, settings))).toEqual({
      ...{ t: 'Y', s: 8, op: 0 },
      d: { content: 'x', author: { id: 7 } },
    });
    // A field of d with that name comes first.
    const own = JSON.stringify({ t: 'X', s: 1, op: 0, d: { s: 'its own' } });
    expect(JSON.parse(override(own, ['s=2']))).toMatchObject({ s: 1, d: { s: 2 } });
    expect(JSON.parse(override(dispatch, ['d={}']))).toMatchObject({ t: 'X', d: {} });
  });

  it('keeps a snowflake exact', () => {
    expect(override(dispatch, ['author.id=1234567890123456789'])).toContain(
      '"id":"1234567890123456789"',
    );
  });

  it('cannot change the prototype of any object', () => {
    const text = override(dispatch, ['__proto__.polluted=1']);
    expect(text).toContain('"__proto__":{"polluted":1}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
