// `npm run recording`: runs real `bd` commands on its own local stack, and writes the terminal's
// lines with their times into docs/images/recording.svg. Waits above LONGEST_WAIT_S are shortened.
import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'docs/images/recording.svg');
const BOT = join(root, 'examples/clients/nats-js/main.mjs');
const LONGEST_WAIT_S = 1.2;
const READING_S = 1.6;
const COLUMNS = 100;
/** The bot runs beside the following commands until the recording ends. */
const BESIDE = 'bd sandbox exec my-fix -- node bot.mjs &';
const COMMANDS = [
  ['The local stack: Temporal, Postgres, NATS, Redis, worker, router and API.', 'bd dev up'],
  [
    'A Postgres schema, Redis keys, a NATS consumer, and the events of one guild:',
    'bd sandbox create my-fix --guild 1234567890123456789 --ttl 4h',
  ],
  ['Your bot, with the sandbox’s own addresses and credentials:', BESIDE],
  [
    'An event for this sandbox alone:',
    'bd sandbox emit message-create --to my-fix --set content=hello',
  ],
  ['Check every server:', 'bd sandbox status my-fix'],
  ['Destroy it. At its expiry this happens by itself.', 'bd sandbox destroy my-fix --yes'],
];

/** The lines of a terminal, each with its second of appearance. */
class Screen {
  lines = [];
  at = 0.5;
  #since = Date.now();

  note(text) {
    if (this.lines.length > 0) this.#push('');
    this.#push(`\x1b[2m# ${text}\x1b[22m`);
  }

  typed(command) {
    this.#push(`\x1b[32m$\x1b[39m \x1b[1m${command}\x1b[22m`);
    this.#since = Date.now();
  }

  shown(line) {
    const waited = (Date.now() - this.#since) / 1_000;
    this.#since = Date.now();
    this.at += Math.min(waited, LONGEST_WAIT_S);
    this.#push(line);
  }

  read() {
    this.at += READING_S;
  }

  #push(text) {
    this.lines.push({ at: this.at, text });
  }
}

/** Runs a command. Each line goes to the screen as it arrives. */
function start(command, env, folder, screen) {
  const [, ...args] = command.replace(/ &$/, '').split(' ');
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...args], {
    ...{ cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] },
  });
  const heard = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        heard.push(line);
        screen.shown(line.replaceAll(folder, '~/bot'));
      }
    });
  }
  const closed = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { child, closed, heard };
}

async function until(what, isTrue) {
  const end = Date.now() + 60_000;
  while (!isTrue()) {
    if (Date.now() > end) throw new Error(`${what}: not within a minute`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function record(folder, env) {
  const screen = new Screen();
  let bot;
  for (const [says, command] of COMMANDS) {
    screen.note(says);
    screen.typed(command);
    const running = start(command, env, folder, screen);
    if (command === BESIDE) {
      bot = running;
      await until('the bot listens', () => bot.heard.includes('listening'));
    } else {
      const code = await running.closed;
      if (code !== 0) throw new Error(`${command}: exit code ${code}\n${running.heard.join('\n')}`);
    }
    if (command.includes(' emit '))
      await until('the event arrives', () => bot.heard.includes('MESSAGE_CREATE hello'));
    // The end of the sandbox cuts the bot's connections. The recording leaves that out.
    if (command.includes(' status ')) {
      bot.child.kill('SIGINT');
      await bot.closed;
    }
    screen.read();
  }
  return screen.lines;
}

const COLOURS = { 31: '#ff7b72', 32: '#7ee787', 33: '#e3b341', 34: '#79c0ff', 36: '#76e3ea' };
const escaped = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** One line with its colours, as `tspan`s. */
function spans(line) {
  let style = {};
  // eslint-disable-next-line no-control-regex
  return line.split(/(\x1b\[[\d;]*m)/).reduce((svg, part) => {
    const code = /^\x1b\[([\d;]*)m$/.exec(part)?.[1];
    if (code === undefined) {
      const { fill, weight, dim } = style;
      const attributes = [
        fill === undefined ? '' : ` fill="${fill}"`,
        weight === undefined ? '' : ' font-weight="bold"',
        dim === undefined ? '' : ' fill-opacity="0.65"',
      ].join('');
      if (part === '') return svg;
      return (
        svg + (attributes === '' ? escaped(part) : `<tspan${attributes}>${escaped(part)}</tspan>`)
      );
    }
    if (code === '0' || code === '') style = {};
    else if (code === '1') style = { ...style, weight: 'bold' };
    else if (code === '2') style = { ...style, dim: true };
    else if (code === '22') style = { fill: style.fill };
    else if (code === '39') style = { ...style, fill: undefined };
    else if (COLOURS[code] !== undefined) style = { ...style, fill: COLOURS[code] };
    return svg;
  }, '');
}

/** Without animations (print, or "reduced motion") every line is shown. */
function svgOf(lines) {
  const [line, left, top, width] = [19, 18, 48, COLUMNS * 7.83 + 36];
  const height = top + lines.length * line + 8;
  const rows = lines.map(
    ({ at, text }, i) =>
      `<text x="${left}" y="${top + i * line}" style="animation-duration:${at.toFixed(2)}s">${spans(text)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="A terminal: a sandbox is created, a bot runs in it, receives an event, and the sandbox is destroyed">
<style>
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #e6edf3; white-space: pre; animation: wait 1s }
@keyframes wait { from, to { opacity: 0 } }
@media (prefers-reduced-motion: reduce) { text { animation: none } }
</style>
<rect width="${width}" height="${height}" rx="8" fill="#0d1117" stroke="#30363d"/>
<circle cx="20" cy="18" r="5.5" fill="#ff5f57"/><circle cx="38" cy="18" r="5.5" fill="#febc2e"/><circle cx="56" cy="18" r="5.5" fill="#28c840"/>
${rows.join('\n')}
</svg>
`;
}

const folder = mkdtempSync(join(tmpdir(), 'recording-'));
const { PATH, HOME } = process.env;
const env = {
  PATH,
  HOME,
  FORCE_COLOR: '1',
  SANDBOX_HOME: join(folder, '.sandbox'),
  SANDBOX_OWNER: 'ada',
};
copyFileSync(BOT, join(folder, 'bot.mjs'));
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
try {
  const lines = await record(folder, env);
  for (const { text } of lines) console.log(text);
  writeFileSync(target, svgOf(lines));
} finally {
  await start('bd dev down --purge --yes', env, folder, new Screen()).closed;
  rmSync(folder, { recursive: true, force: true });
}
