/** `npm run bench [-- lifecycle|scale|router]`: every benchmark, or one. Each prints its baseline, ours and the ratio. */
const wanted = process.argv.slice(2);
const runs = (name: string): boolean => wanted.length === 0 || wanted.includes(name);

if (runs('lifecycle')) {
  const { benchLifecycle } = await import('./lifecycle/main.js');
  await benchLifecycle();
}
if (runs('scale')) {
  const { benchScale } = await import('./lifecycle/scale.js');
  await benchScale();
}
if (runs('router')) await import('./router/main.js');
process.exit();
