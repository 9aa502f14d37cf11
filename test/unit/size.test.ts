/** A file and a function are short enough to be read at one look. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../platform/project-root.js';

const FILE = 300;
const FUNCTION = 70;

/** From docs/openapi.json (build/client-types.mjs): nobody reads it from end to end. */
const GENERATED = 'client/schema.ts';

const sources = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: projectRoot(),
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && path !== GENERATED);

const textOf = (path: string): string => readFileSync(join(projectRoot(), path), 'utf8');

interface Counted {
  readonly name: string;
  /** For a factory, without the bodies of its inner functions: each of them counts by itself. */
  readonly lines: number;
}

function functionsOf(text: string): Counted[] {
  const file = ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest, true);
  const lineAt = (position: number): number => file.getLineAndCharacterOfPosition(position).line;
  const linesOf = (node: ts.Node): number =>
    lineAt(node.getEnd()) - lineAt(node.getStart(file)) + 1;
  const bodyLines = (node: ts.Node): number => {
    if (isFunction(node)) return Math.max(0, linesOf(node.body) - 2);
    let sum = 0;
    ts.forEachChild(node, (child) => void (sum += bodyLines(child)));
    return sum;
  };
  const found: Counted[] = [];
  const visit = (node: ts.Node): void => {
    if (isFunction(node)) {
      const inner = returnsObject(node) ? bodyLines(node.body) : 0;
      found.push({ name: nameOf(node), lines: linesOf(node) - inner });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}
type WithBody = ts.FunctionLikeDeclaration & { body: ts.Node };
const isFunction = (node: ts.Node): node is WithBody =>
  ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;

const unwrapped = (node: ts.Node): ts.Node =>
  ts.isParenthesizedExpression(node) || ts.isSatisfiesExpression(node) || ts.isAsExpression(node)
    ? unwrapped(node.expression)
    : node;

/** A factory returns an object of functions, or a call with such an object. */
function returnsObject({ body }: WithBody): boolean {
  const last = ts.isBlock(body) ? body.statements.at(-1) : undefined;
  const returned = last !== undefined && ts.isReturnStatement(last) ? last.expression : body;
  if (returned === undefined) return false;
  const value = unwrapped(returned);
  const first = ts.isCallExpression(value) ? value.arguments.at(0) : value;
  return first !== undefined && ts.isObjectLiteralExpression(unwrapped(first));
}

function nameOf(node: WithBody): string {
  if (node.name !== undefined) return node.name.getText();
  const { parent } = node;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent))
    return parent.name.getText();
  return ts.isConstructorDeclaration(node) ? 'constructor' : 'a function';
}

/** These functions are still longer and must be split: the list only shrinks. */
const LONG = [
  // Measured: splitting it slows the router's hot path by a fifth.
  'discord/guild-scan.ts scanGuild',
];

it('no file is longer than 300 lines', () => {
  expect(sources.length).toBeGreaterThan(400);
  const long = sources.filter((path) => textOf(path).split('\n').length - 1 > FILE);
  expect(long).toEqual([]);
});

it('no function outside the tests is longer than 70 lines; a factory counts without the functions that it returns', () => {
  const counted = sources
    .filter((path) => !path.startsWith('test/'))
    .flatMap((path) => functionsOf(textOf(path)).map((found) => ({ path, ...found })));
  expect(counted.length).toBeGreaterThan(1_000);
  const long = counted.filter(({ lines }) => lines > FUNCTION);
  expect(long.map(({ path, name }) => `${path} ${name}`)).toEqual(LONG);
});

describe('the count of a function’s lines', () => {
  const lines = (count: number): string => 'f();\n'.repeat(count);
  it.each([
    ['a declaration', `function f() {\n${lines(69)}}`, 71],
    ['a method', `class A {\n  f() {\n${lines(69)}}\n}`, 71],
    ['a constructor', `class A {\n  constructor() {\n${lines(69)}}\n}`, 71],
    ['an arrow', `const f = () => {\n${lines(69)}};`, 71],
    ['an argument', `it('x', () => {\n${lines(69)}});`, 71],
    [
      'a function with one inside',
      `function f() {\nconst g = () => {\n${lines(66)}};\ng();\n}`,
      71,
    ],
    ['a factory', `function f() {\nreturn {\n g() {\n${lines(66)}},\n};\n}`, 6],
    ['a wrapped factory', `function f() {\nreturn w({\n g() {\n${lines(66)}},\n}, 1);\n}`, 6],
    ['an arrow that is a factory', `const f = () => ({\n g() {\n${lines(66)}},\n});`, 4],
    ['a factory of many statements', `function f() {\n${lines(68)}return {};\n}`, 71],
  ])('of %s', (_what, text, expected) => {
    expect(functionsOf(text)[0]?.lines).toBe(expected);
  });
});
