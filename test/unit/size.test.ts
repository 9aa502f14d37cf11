/** A file and a function that a reader takes in at one look. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../platform/project-root.js';

const FILE = 300;
const FUNCTION = 70;

const sources = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: projectRoot(),
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'));

const textOf = (path: string): string => readFileSync(join(projectRoot(), path), 'utf8');

type Counted = { name: string; lines: number; inner: number };

/** Every function of a source, with its lines, and how many of them are bodies of functions inside it. */
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
      found.push({ name: nameOf(node), lines: linesOf(node) - inner, inner });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}
type WithBody = ts.FunctionLikeDeclaration & { body: ts.Node };
const isFunction = (node: ts.Node): node is WithBody =>
  ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;

const withoutParentheses = (node: ts.Node): ts.Node =>
  ts.isParenthesizedExpression(node) ? withoutParentheses(node.expression) : node;

/** A factory: what it returns is an object of functions, and each of those counts by itself. */
function returnsObject({ body }: WithBody): boolean {
  const last = ts.isBlock(body) ? body.statements.at(-1) : undefined;
  const value = last !== undefined && ts.isReturnStatement(last) ? last.expression : body;
  return value !== undefined && ts.isObjectLiteralExpression(withoutParentheses(value));
}

function nameOf(node: WithBody): string {
  if (node.name !== undefined) return node.name.getText();
  const { parent } = node;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent))
    return parent.name.getText();
  return ts.isConstructorDeclaration(node) ? 'constructor' : 'a function';
}
it('list', () => {
  const rows = sources
    .filter((p) => !p.startsWith('test/'))
    .flatMap((path) => functionsOf(textOf(path)).map((f) => ({ path, ...f })))
    .filter((f) => f.lines + f.inner > 60)
    .map((f) => `${f.path} ${f.name} ${f.lines} + ${f.inner}`);
  console.log(rows.join('\n'));
  console.log(
    sources
      .map((p) => [p, textOf(p).split('\n').length - 1] as const)
      .filter(([, n]) => n > 285)
      .join('\n'),
  );
  describe;
  expect;
  FILE;
  FUNCTION;
});
