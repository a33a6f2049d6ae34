// SPDX-License-Identifier: Apache-2.0
//
// Plays the steps inside the run's own network, on fresh data: one line a step, exit 0 only if all hold. It drives the product through its public
// interfaces and applies faults from outside. Each denial stands beside the same act succeeding under the neighbouring input.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { Device } from './device.ts'
import { Organisation } from './organisation.ts'
import { booted, guestProof, screenSeen } from './steps/booted.ts'
import { byteFlipped } from './steps/byte-flipped.ts'
import { clipboardAllowed, clipboardBlocked } from './steps/clipboard.ts'
import { diskUploaded, publishedFromConsole, signedIn } from './steps/console.ts'
import { daemonKilled } from './steps/daemon-killed.ts'
import { activated, enrolled, wrongActivationRefused } from './steps/enrolled.ts'
import { livePolicy, networkListed, networkNone } from './steps/network.ts'
import { clockBackRefused, foreignLeaseRefused, offlineSteps, oldReleaseRefused } from './steps/offline.ts'
import { complianceShown, reportVerified } from './steps/reported.ts'
import { revoked } from './steps/revoked.ts'
import { diskBuilt, sealed } from './steps/sealed.ts'
import { suspendedResumed } from './steps/suspended-resumed.ts'
import { userDiskKept } from './steps/user-disk-kept.ts'
import { closeWorld, type World } from './world.ts'

const STEPS: readonly (readonly [id: string, step: (world: World) => Promise<void>])[] = [
  ['disk-built', diskBuilt],
  ['sealed', sealed],
  ['enrolled', enrolled],
  ['wrong-activation-refused', wrongActivationRefused],
  ['activated', activated],
  ['booted', booted],
  ['guest-proof', guestProof],
  ['screen-seen', screenSeen],
  ['network-none', networkNone],
  ['clipboard-blocked', clipboardBlocked],
  ['suspended-resumed', suspendedResumed],
  ['byte-flipped', byteFlipped],
  ['signed-in', signedIn],
  ['disk-uploaded', diskUploaded],
  ['published-from-console', publishedFromConsole],
  ['user-disk-kept', userDiskKept],
  ['network-listed', networkListed],
  ['live-policy', livePolicy],
  ['clipboard-allowed', clipboardAllowed],
  ['compliance', complianceShown],
  ['daemon-killed', daemonKilled],
  ['clock-back-refused', clockBackRefused],
  ['old-release-refused', oldReleaseRefused],
  ['foreign-lease-refused', foreignLeaseRefused],
  ['offline-steps', offlineSteps],
  ['report-verified', reportVerified],
  ['revoked', revoked],
]

const options = new Command('play')
  .addOption(new Option('--engine <name>', 'backend that runs the VM').choices(['v86', 'qemu']).makeOptionMandatory())
  .option('--json', 'one JSON object a line')
  .option('--keep', 'leave the data folder behind')
  .parse()
  .opts<{ engine: 'v86' | 'qemu'; json?: boolean; keep?: boolean }>()

function tell(step: string, ok: boolean, ms: number): void {
  console.log(options.json ? JSON.stringify({ step, ok, ms }) : `${ok ? 'ok  ' : 'FAIL'} ${step} (${ms} ms)`)
}

const folder = await mkdtemp(join(tmpdir(), 'story-'))
const { engine } = options
const world: World = {
  ...{ engine, folder, sealed: new Map() },
  organisation: new Organisation(join(folder, 'org'), join(folder, 'passphrase')),
  device: new Device(join(folder, 'device'), engine),
  other: new Device(join(folder, 'other'), engine),
}
let failed = false
try {
  for (const [id, step] of STEPS) {
    const started = performance.now()
    const since = () => Math.round(performance.now() - started)
    try {
      if (failed) throw new Error('an earlier step failed')
      await step(world)
      tell(id, true, since())
    } catch (error) {
      if (!failed) console.error(error)
      failed = true
      tell(id, false, since())
    }
  }
} finally {
  await closeWorld(world)
  if (!options.keep) await rm(folder, { recursive: true, force: true })
}
process.exit(failed ? 1 : 0)
