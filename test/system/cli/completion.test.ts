import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GROUPS } from '../../../cli/groups.js';
import { FORMATS } from '../../../cli/shell.js';
import { SANDBOX_STATUSES } from '../../../domain/status.js';
import { projectRoot } from '../../../platform/project-root.js';
import { bd } from '../../support/bd.js';
import { ownFolder } from '../../support/folder.js';

const BD = join(projectRoot(), 'dist/cli/main.js');

const has = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

async function scriptFor(shell: string): Promise<string> {
  const { stdout, code } = await bd(['completion', shell]);
  expect(code).toBe(0);
  const path = join(ownFolder(), `bd.${shell}`);
  writeFileSync(path, stdout);
  return path;
}

describe('bd completion', () => {
  it('completes commands and options in a real bash', async () => {
    const script = await scriptFor('bash');
    const complete = (...words: string[]): string[] =>
      execFileSync('bash', [
        '-c',
        // The script asks `bd` for these.
        `bd() { "${process.execPath}" "${BD}" "$@"; }; source ${script}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bd; echo "\${COMPREPLY[@]}"`,
        'bash',
        'bd',
        ...words,
      ])
        .toString()
        .trim()
        .split(' ');
    expect(complete('sand')).toEqual(['sandbox']);
    expect(complete('sandbox', 'cr')).toEqual(['create']);
    const ofCreate = ['--ttl', '--template', '--then'];
    expect(complete('sandbox', 'create', '--t')).toEqual(ofCreate);
    expect(complete('sandbox', 'new', '--t')).toEqual(ofCreate);
    expect(complete('dev', 'do')).toEqual(['down']);
    // New options and known values.
    expect(complete('sandbox', 'connect', '--id')).toEqual(['--identifiers-only']);
    expect(complete('sandbox', 'status', '--e')).toEqual(['--exit-code']);
    expect(complete('sandbox', 'tail', '--n')).toEqual(['--no-follow']);
    expect(complete('sandbox', 'connect', 'x', '--format', '')).toEqual([...FORMATS]);
    expect(complete('sandbox', 'env', 'x', '--format', '=', 'd')).toEqual(['dotenv']);
    expect(complete('sandbox', 'list', '--status', '=')).toEqual([...SANDBOX_STATUSES]);
    expect(complete('sandbox', 'logs', 'x', '--event', 'ttl')).toEqual(['ttl_extended']);
    expect(complete('completion', 'z')).toEqual(['zsh']);
    expect(complete('sandbox', 'emit', 'message-cr')).toContain('message-create');
    for (const group of GROUPS) {
      const words = complete(...group.name.split(' ').slice(1), '');
      expect(words).toEqual(group.commands.map(({ name }) => name));
    }
  });

  it.each(['zsh', 'fish'])('prints a script that %s reads', async (shell) => {
    const script = await scriptFor(shell);
    if (!has(shell)) {
      console.warn(`${shell} is not installed: the syntax is not checked`);
      return;
    }
    expect(spawnSync(shell, ['-n', script]).status).toBe(0);
  });

  it('refuses another shell', async () => {
    expect((await bd(['completion', 'tcsh'])).code).toBe(2);
  });
});
