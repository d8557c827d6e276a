// Takes the pictures of the views, in light and dark: pictures.mjs FOLDER-OF-PAGES FOLDER-OF-PICTURES [NAME …]. Needs Chromium; called by refresh.
// What each was taken of, pages/NAME.print, is kept in pictures.json.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

const [pages, pictures, ...names] = process.argv.slice(2);
// Others are as wide as they need.
const width = { 'tensor-facets': 1220, 'training-run': 980, 'training-comparison': 980, 'logits-compared': 1080, 'attention': 800 };
// What a reader does before the picture is taken.
const acts = {
  'model': `document.querySelectorAll('details').forEach((d, i) => d.open = i < 9)`,
  'attention': `document.querySelectorAll('figure[tabindex]')[1].focus(); for (const key of [...Array(7).fill('ArrowDown'), ...Array(6).fill('ArrowRight')]) document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))`,
  'logits-top-p': `document.querySelector('td.cut').focus()`,
  'loss-by-position': `document.querySelectorAll('details').forEach(d => d.open = true)`,
};
const scratch = mkdtempSync(join(tmpdir(), 'views-'));
const chromium = spawn(process.env.CHROMIUM ?? 'chromium', ['--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--remote-debugging-port=0',
  `--user-data-dir=${join(scratch, 'profile')}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] });
try {
  const address = await new Promise((found, failed) => {
    let log = '';
    chromium.stderr.on('data', data => { log += data; const at = /DevTools listening on (\S+)/.exec(log); if (at) found(at[1]); });
    chromium.on('exit', () => failed(new Error(`Chromium ended: ${log}`)));
  });
  const targets = await (await fetch(`http://${new URL(address).host}/json`)).json();
  const socket = new WebSocket(targets.find(t => t.type === 'page').webSocketDebuggerUrl);
  await new Promise(open => socket.onopen = open);
  const waiting = new Map();
  let count = 0, loaded;
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.method === 'Page.loadEventFired') loaded?.();
    waiting.get(message.id)?.(message.result);
  };
  const call = (method, params = {}) => new Promise(done => { waiting.set(++count, done); socket.send(JSON.stringify({ id: count, method, params })); });
  const evaluate = async expression => (await call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })).result?.value;
  await call('Page.enable');
  await call('Emulation.setFocusEmulationEnabled', { enabled: true });
  for (const file of readdirSync(pages).filter(f => f.endsWith('.html') && (!names.length || names.includes(basename(f, '.html'))))) {
    const name = basename(file, '.html');
    for (const theme of ['light', 'dark']) {
      const page = join(scratch, `${name}-${theme}.html`);
      writeFileSync(page, `<!doctype html><meta charset="utf-8"><body style="margin:0;${width[name] ? '' : 'width:fit-content;'}max-width:100%;background:${theme === 'dark' ? '#16191d' : '#fff'}">${readFileSync(join(pages, file), 'utf8')}`);
      await call('Emulation.setDeviceMetricsOverride', { width: width[name] ?? 860, height: 1000, deviceScaleFactor: 1, mobile: false });
      await call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: theme }] });
      const ready = new Promise(fired => loaded = fired);
      await call('Page.navigate', { url: `file://${resolve(page)}` });
      await ready;
      await evaluate(acts[name] ?? '0');
      // Charts are drawn by a script that is unpacked first.
      await evaluate(`new Promise(async r => { for (let i = 0; i < 100 && document.querySelector('.plot') && !document.querySelector('.js-plotly-plot .scatterlayer path'); i++) await new Promise(w => setTimeout(w, 100)); setTimeout(r, 400) })`);
      const [w, h] = await evaluate(`(b => [Math.ceil(b.right), Math.ceil(b.bottom)])(document.querySelector('.xt').getBoundingClientRect())`);
      const { data } = await call('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true, clip: { x: 0, y: 0, width: w, height: h, scale: 1 } });
      writeFileSync(join(pictures, `${name}-${theme}.png`), Buffer.from(data, 'base64'));
    }
    const kept = join(pictures, 'pictures.json');
    const taken = { ...JSON.parse(existsSync(kept) ? readFileSync(kept, 'utf8') : '{}'), [name]: readFileSync(join(pages, `${name}.print`), 'utf8') };
    writeFileSync(kept, JSON.stringify(taken, Object.keys(taken).sort(), 2) + '\n');
    console.log(name);
  }
} finally {
  chromium.kill();
  await new Promise(ended => chromium.on('exit', ended));
  rmSync(scratch, { recursive: true, force: true });
}
