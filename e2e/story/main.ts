// SPDX-License-Identifier: Apache-2.0
//
// The story: makes the demo guest if it is not there, makes a network of its own, and plays the main job inside it (play.ts). Nothing
// of a run is reached from outside it, and nothing outside is reached by it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { buildPages } from '../../tools/build-pages.ts'
import { runOk } from './run-command.ts'
import { makeStoryNetwork } from './story-network.ts'

new Command('story')
  .addOption(new Option('--engine <name>', 'backend that runs the VM').choices(['v86', 'qemu']).makeOptionMandatory())
  .option('--json', 'one JSON object a line')
  .option('--keep', 'leave the data folder behind')
  .parse()

await buildPages()
await runOk('tools/demo-guest/main.ts', ['--json'])
const network = await makeStoryNetwork()
try {
  const args = ['netns', 'exec', network.namespace, process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'play.ts')]
  const player = spawn('ip', [...args, ...process.argv.slice(2)], { stdio: ['ignore', 'inherit', 'inherit'] })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => player.kill(signal))
  const [code] = await once(player, 'exit')
  process.exitCode = typeof code === 'number' ? code : 1
} finally {
  await network.remove()
}
