/** All rows of a schema that a reading uses. */
import { commentsOf } from './comments.js';
import { checksOf, constraintsOf } from './constraints.js';
import { routinesOf } from './functions.js';
import { indexesOf, statisticsOf } from './indexes.js';
import { operatorsOf } from './operators.js';
import { grantNotes, refusedObjectsOf } from './refused.js';
import { columnsOf, relationsOf, sequencesOf } from './relations.js';
import type { Scope } from './scope.js';
import { readPrograms } from './triggers.js';
import { readTypes } from './types.js';

/** Sent together: the answers come in the order of one connection. */
export async function readRows(scope: Scope) {
  const [relations, columns, sequences, constraints, checks, indexes, statistics] =
    await Promise.all([
      relationsOf(scope),
      columnsOf(scope),
      sequencesOf(scope),
      constraintsOf(scope),
      checksOf(scope),
      indexesOf(scope),
      statisticsOf(scope),
    ]);
  const [types, routines, operators, programs, comments, refused, grants] = await Promise.all([
    readTypes(scope),
    routinesOf(scope),
    operatorsOf(scope),
    readPrograms(scope),
    commentsOf(scope),
    refusedObjectsOf(scope),
    grantNotes(scope),
  ]);
  return {
    ...{ relations, columns, sequences, constraints, checks, indexes, statistics },
    ...{ types, routines, operators, programs, comments, refused, grants },
  };
}

export type Rows = Awaited<ReturnType<typeof readRows>>;
