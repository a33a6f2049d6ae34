// SPDX-License-Identifier: Apache-2.0
//
// Rounds of kill -9 at drawn moments, on both engines in turn: an organisation with its console, and a device for each engine, whose
// desktop is started again and again. After each round, no write that was acknowledged in it or before may be lost, and whoever lived on
// must have said a state with a name.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ADMIN } from '../session-host/make-release.ts'
import { smallMachine } from '../session-host/small-machine.ts'
import { Device } from '../story/device.ts'
import { DESKTOP, Organisation } from '../story/organisation.ts'
import { runOk } from '../story/run-command.ts'
import { engineRound, victims } from './engine-round.ts'
import { guestMebibytes } from './ground.ts'
import { ringDisk } from './ring-guest.ts'
import { numbersOfRound } from './seeded.ts'
import { playRound, type Round, type SoakOptions } from './soak.ts'
import { SoakedDevice } from './soaked-device.ts'

const engines = ['qemu', 'v86'] as const
const version = '1'

/** Goes on after a round that failed. @throws Error when the ground could not be prepared */
export async function soakEngine({ seed, rounds, folder, onRound }: SoakOptions): Promise<readonly Round[]> {
  const organisation = new Organisation(join(folder, 'org'), join(folder, 'passphrase'))
  const devices = engines.map((engine) => new SoakedDevice(new Device(join(folder, engine), engine)))
  try {
    await publish(organisation, seed, folder)
    for (const [index, { device }] of devices.entries()) await activate(organisation, device, `user-of-${engines[index]}`)
    const done: Round[] = []
    for (const round of rounds) {
      const at = round % engines.length
      const [engine = 'qemu', device] = [engines[at], devices[at]]
      if (device === undefined) throw new Error(`round ${round} has no device`)
      const victim = victims[Math.floor((round - 1) / engines.length) % victims.length] ?? 'daemon'
      const result = await playRound(round, `${victim} on ${engine}`, () => engineRound(device, victim, numbersOfRound(seed, round)))
      done.push(result)
      onRound?.(result)
    }
    return done
  } finally {
    for (const { device } of devices) await device.remove()
    await organisation.stop()
  }
}

/** The ring guest, as a desktop that asks for nothing and gives its guest a network. */
async function publish(organisation: Organisation, seed: number, folder: string): Promise<void> {
  await organisation.create()
  const [disks, sealed] = [join(folder, 'disks'), join(folder, 'sealed')]
  await mkdir(disks)
  await writeFile(join(disks, 'machine.yaml'), smallMachine)
  await writeFile(join(disks, 'ring.img'), ringDisk(seed, guestMebibytes))
  const { layout, passphraseOption } = organisation
  await runOk(ADMIN, [
    ...['seal', '--name', 'demo', '--version', version, '--machine', join(disks, 'machine.yaml'), '--disk', `system=${join(disks, 'ring.img')}`],
    ...['--store', layout.objects, '--org-key', layout.key('chunk'), ...passphraseOption, '--out', sealed],
  ])
  await organisation.start()
  await organisation.run('package', 'stage', '--sealed', sealed)
  await organisation.approve('packages')
  const policy = await organisation.publishPolicy([
    { setting: 'authentication', value: { mode: 'none' } },
    { setting: 'serial-port', value: 'captured' },
    { setting: 'network', value: { mode: 'listed', allow: [{ protocol: 'tcp', cidr: '192.0.2.1/32', ports: [80, 80] }] } },
  ])
  await organisation.publishRelease(version, policy)
}

/** Each is the computer of a user of its own, since a user has one instance of a desktop. */
async function activate(organisation: Organisation, device: Device, user: string): Promise<void> {
  await organisation.run('desktop', 'assign', '--desktop', DESKTOP, '--user', user)
  await device.start()
  await device.run('enrol', await organisation.enrolmentCode(user))
  await device.until('in contact', ({ contact, lease }) => contact?.connected === true && lease !== null)
  await device.run('activate', DESKTOP)
}
