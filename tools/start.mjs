// SPDX-License-Identifier: Apache-2.0
//
// `npm start`: reads the options, installs what is missing, then hands over to tools/start/main.ts under the installed Node.
import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureDebianPackages, GUEST_PACKAGES, QEMU_PACKAGES, V86_PACKAGES } from './debian.mjs'
import { ensureInstalled, NODE, ROOT } from './install.mjs'
import { Progress } from './progress.mjs'

const HELP = `npm start -- [OPTION ...]

Starts Casemate on this computer, up to a running, locked demo desktop: an organisation with its console, a client
runtime enrolled as its first device, and its launcher. Started again, it goes on from where it was.

  --port NUMBER           port of the console's pages on 127.0.0.1; 0 for any (default 4860)
  --launcher-port NUMBER  port of the launcher's page on 127.0.0.1; 0 for any (default 4870)
  --data FOLDER           where everything of it is kept (default .data)
  --engine NAME           what runs the desktop: auto, qemu or v86 (default auto: qemu where it is found and contained,
                          else v86)
  --no-demo               console and launcher only, no demo desktop
  --help                  this text

Ctrl-C suspends the desktop and stops everything. Exit codes: 0 stopped, 1 something failed, 2 called wrongly, 3 the
environment did not allow it: a port is taken, a tool is missing, it runs already.`

/** @returns {{ port: string, launcherPort: string, data: string, engine: string, demo: boolean }} */
function readOptions() {
  const options = {
    port: { type: 'string', default: '4860' },
    'launcher-port': { type: 'string', default: '4870' },
    data: { type: 'string', default: join(ROOT, '.data') },
    engine: { type: 'string', default: 'auto' },
    'no-demo': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  }
  try {
    const { values } = parseArgs({ options, strict: true })
    if (values.help) {
      console.log(HELP)
      process.exit(0)
    }
    const { port, 'launcher-port': launcherPort, data, engine } = values
    for (const [option, text] of Object.entries({ '--port': port, '--launcher-port': launcherPort })) {
      if (!/^[0-9]{1,5}$/.test(text) || Number(text) > 65_535) throw new Error(`${option}: expected a number from 0 to 65535, found \`${text}\``)
    }
    if (!['auto', 'qemu', 'v86'].includes(engine)) throw new Error(`--engine: expected auto, qemu or v86, found \`${engine}\``)
    return { port, launcherPort, data: resolve(data), engine, demo: !values['no-demo'] }
  } catch (error) {
    console.error(`npm start: ${error.message}\n\n${HELP}`)
    process.exit(2)
  }
}

const options = readOptions()
const begun = Date.now()
const progress = new Progress(process.stdout, begun)
await ensureInstalled(progress)
const needed = [...(options.demo ? GUEST_PACKAGES : []), ...V86_PACKAGES, ...(options.engine === 'qemu' ? QEMU_PACKAGES : [])]
await ensureDebianPackages(needed, progress)
const args = [options.port, options.launcherPort, options.data, options.engine, options.demo ? 'demo' : 'no-demo', String(begun)]
const child = spawn(NODE, ['--disable-warning=ExperimentalWarning', join(ROOT, 'tools/start/main.ts'), ...args], {
  stdio: 'inherit',
  // Every process of it loads much the same code: compiled once, kept beside the other caches.
  env: { ...process.env, NODE_COMPILE_CACHE: join(ROOT, '.cache/node') },
})
// A terminal's Ctrl-C reaches the child by itself too; once or twice, it ends in order, and this process waits for that.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code) => process.exit(code ?? 1))
