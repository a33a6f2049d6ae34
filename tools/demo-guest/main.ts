// SPDX-License-Identifier: Apache-2.0
//
// Builds the disks of the demo machine: node tools/demo-guest/main.ts [--cache DIR] [--json] [--out DIR --release N]
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Progress } from '../progress.mjs'
import { buildDemoGuest, type DemoImages } from './build.ts'
import { DemoGuestError } from './error.ts'
import { prepareDisk } from './write-nonce.ts'

const USAGE = `usage: main.ts [--cache DIR] [--json] [--out DIR [--release N] [--nonce HEX]]
  --cache DIR    where downloads and images are kept (default: .cache/demo-guest of this checkout)
  --out DIR      make a copy in the new folder DIR, with a nonce and a release number of its own
  --release N    the release that the copy shows on its screen (default: 1)
  --nonce HEX    64 hexadecimal digits (default: random)
  --json         print the paths as JSON`

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cache: { type: 'string', default: join(import.meta.dirname, '../../.cache/demo-guest') },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      out: { type: 'string' },
      release: { type: 'string' },
      nonce: { type: 'string' },
    },
  })
  if (values.help) return console.log(USAGE)
  const { cache, out } = values
  const progress = new Progress(process.stderr)
  if (out === undefined && (values.release ?? values.nonce) !== undefined) {
    throw new DemoGuestError('value-invalid', '`--release` and `--nonce` change a copy; name its folder by `--out`')
  }
  const nonce = values.nonce ?? randomBytes(32).toString('hex')
  const release = Number(values.release ?? '1')
  const images: DemoImages =
    out === undefined ? await buildDemoGuest({ cache, progress }) : await prepareDisk({ cache, out, nonce, release, progress })
  if (values.json) console.log(JSON.stringify(out === undefined ? images : { ...images, nonce, release }))
  else console.log([images.system, images.user, images.machine].join('\n'))
}

try {
  await run()
} catch (error) {
  // parseArgs throws a TypeError whose message is for people.
  if (!(error instanceof DemoGuestError || error instanceof TypeError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
