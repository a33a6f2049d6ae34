// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { ADMIN } from '../../session-host/make-release.ts'
import { rules } from '../rules.ts'
import { runCommand } from '../run-command.ts'
import { SERVERS } from '../story-network.ts'
import { expectEqual, need, type World, waitUntil } from '../world.ts'

const reported = z.looseObject({
  verified: z.boolean(),
  findings: z.array(z.unknown()),
  fault: z.unknown().nullable(),
  entries: z.array(z.looseObject({ seq: z.number(), type: z.string(), data: z.record(z.string(), z.unknown()) })),
})

/** The device's journal as the console has received it. */
export async function reportOf(world: World): Promise<z.infer<typeof reported>> {
  return reported.parse(await world.organisation.run('device', 'report', need(world.deviceName, 'device'), '--last', '1000'))
}

/** What was journaled without the console has arrived: one chain without a gap. A journal that was altered is not taken for one. */
export async function reportVerified(world: World): Promise<void> {
  await waitUntil('the offline suspension is reported', async () => {
    const { entries } = await reportOf(world)
    return entries.some(({ type, data }) => type === 'decided' && data.allowed === false && String(data.reasons).includes('offline-too-long'))
  })
  const { verified, findings, fault, entries } = await reportOf(world)
  expectEqual(verified, true, 'the chain')
  expectEqual(JSON.stringify([findings, fault]), '[[],null]', 'findings')
  for (const [index, { seq }] of entries.entries()) expectEqual(seq, index + 1, 'number of an entry')

  const { other } = world
  await other.stop()
  const text = await readFile(other.layout.journal, 'utf8')
  // The last line no longer follows the one before it.
  const altered = text.replace(/"prev":"[0-9a-f]{8}(?=[^\n]*\n$)/, '"prev":"00000000')
  if (altered === text) throw new Error('the journal of the other computer has no line to alter')
  await writeFile(other.layout.journal, altered)
  await other.start()
  expectEqual((await other.status()).journal?.fault, 'journal-altered', 'what the other computer says of its altered journal')
  await other.stop()
  await writeFile(other.layout.journal, text)
  await other.start()
  expectEqual((await other.status()).journal?.fault, null, 'what it says of the intact one')
}

const compliance = z.looseObject({
  compliant: z.boolean(),
  sessions: z.array(
    z.looseObject({ applied: z.number(), wanted: z.number(), compliant: z.boolean(), observed: z.looseObject({ clipboard: z.unknown() }) }),
  ),
})

async function complianceOf(world: World) {
  const args = ['device', 'compliance', need(world.deviceName, 'device'), '--data', world.organisation.folder, '--json']
  const { code, stdout } = await runCommand(ADMIN, args)
  return { code, ...compliance.parse(JSON.parse(stdout)) }
}

/** What was decided and what is observed of the VM agree; while a device is behind the policy, the console says that they do not. */
export async function complianceShown(world: World): Promise<void> {
  const { device, organisation } = world
  await waitUntil('the device is compliant', async () => (await complianceOf(world)).code === 0)
  device.daemon.freeze()
  const serial = await organisation.publishRelease('2', await organisation.publishPolicy(rules({ server: SERVERS.second })))
  const behind = await complianceOf(world)
  expectEqual(behind.code, 1, 'exit code while the device is behind')
  expectEqual(behind.sessions[0]?.wanted, serial, 'wanted release')
  device.daemon.goOn()
  await waitUntil('the device is compliant again', async () => {
    const { code, sessions } = await complianceOf(world)
    return code === 0 && sessions[0]?.applied === serial
  })
  const observed = (await complianceOf(world)).sessions[0]?.observed.clipboard
  const closed = { allowed: false, maxBytes: 0 }
  expectEqual(JSON.stringify(observed), JSON.stringify({ toGuest: closed, fromGuest: closed }), 'the clipboard as observed')
}
