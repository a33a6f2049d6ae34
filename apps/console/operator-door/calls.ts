// SPDX-License-Identifier: Apache-2.0
//
// Every call of the operator door and of the web door, once: its name, the form of its request, the act behind it. The acts check the actor's rights.
import { directoryName, slug, versionText } from '@casemate/policy/names'
import { releaseUpdate } from '@casemate/policy/release'
import { z } from 'zod'
import { approve, withdrawWaiting } from '../src/approvals/approve.ts'
import { listExpiring } from '../src/approvals/expiring.ts'
import { listKeyCustody } from '../src/approvals/key-custody.ts'
import { listWaiting, readWaiting } from '../src/approvals/review.ts'
import { signHere } from '../src/approvals/sign-here.ts'
import { readAudit } from '../src/audit/read.ts'
import { type DeviceDoorAddress, newEnrolmentCode } from '../src/devices/code.ts'
import { deviceCompliance } from '../src/devices/compliance.ts'
import { explainDevice } from '../src/devices/explain.ts'
import { listDevices, showDevice } from '../src/devices/list.ts'
import { reinstateDevice, revokeDevice } from '../src/devices/suspend.ts'
import { ConsoleError } from '../src/error.ts'
import type { OpenConsole } from '../src/organisation/open.ts'
import { readPackage } from '../src/packages/read.ts'
import { stagePackage } from '../src/packages/stage.ts'
import { previewPolicy } from '../src/policies/preview.ts'
import { stagePolicy } from '../src/policies/stage.ts'
import { delegatedRoles } from '../src/publish/metadata.ts'
import type { Review } from '../src/publish/review.ts'
import { assignDesktop, unassignDesktop } from '../src/releases/assign.ts'
import { previewRelease } from '../src/releases/preview.ts'
import { previewRollBack, rollBackRelease } from '../src/releases/roll-back.ts'
import { stageRelease } from '../src/releases/stage.ts'
import { showReport } from '../src/reports/show.ts'
import { activationCalls } from './activation-calls.ts'
import { call } from './call.ts'
import { catalogueCalls } from './catalogue-calls.ts'
import { escrowCalls } from './escrow-calls.ts'
import { helpDeskCalls } from './help-desk-calls.ts'
import { machineCalls } from './machine-calls.ts'
import { tpmAuthorityCalls } from './tpm-authority-calls.ts'
import { userCalls } from './user-calls.ts'

const bytes = (most: number) => z.base64().max(Math.ceil(most / 3) * 4)
const role = z.enum(['root', 'targets', ...delegatedRoles])
const device = z.strictObject({ device: slug })
const hex = (length: number) => z.string().regex(new RegExp(`^[0-9a-f]{${length}}$`))
const assignment = z
  .strictObject({ desktop: slug, subject: z.enum(['all', 'device', 'user', 'group', 'tag']), value: z.union([directoryName, z.literal('')]) })
  .refine(({ subject, value }) => (subject === 'all') === (value === ''), 'expected a value, and none with `all`')
const named = { name: slug, version: versionText }
const wantedRelease = z.strictObject({
  ...{ desktop: slug, title: z.string().min(1).max(128), package: z.strictObject(named) },
  layers: z
    .array(
      z.strictObject({
        layer: z.enum(['organisation', 'group', 'user', 'device']),
        selector: z.record(z.string(), z.string()).nullable(),
        ...named,
      }),
    )
    .max(10_000),
  update: releaseUpdate.optional(),
})
const wantedRollBack = z.strictObject({ desktop: slug, to: z.int().min(1), update: releaseUpdate.optional() })

/** @param door null while no device door is open. */
export function operatorCalls(console: OpenConsole, door: () => DeviceDoorAddress | null) {
  return {
    'stage-package': call(z.strictObject({ manifest: bytes(1_048_576), sealedKey: bytes(4096) }), (actor, { manifest, sealedKey }) =>
      stagePackage(actor, console, { manifest: fromBase64(manifest), sealedKey: fromBase64(sealedKey) }),
    ),
    'read-package': call(z.strictObject(named), async (actor, wanted) => {
      const { manifest, sealedKey } = await readPackage(actor, console, wanted)
      return { manifest: toBase64(manifest), sealedKey: toBase64(sealedKey) }
    }),
    'stage-policy': call(z.strictObject({ yaml: z.string().max(1_048_576) }), (actor, { yaml }) => stagePolicy(actor, console, yaml)),
    'preview-policy': call(z.strictObject({ yaml: z.string().max(1_048_576) }), (actor, { yaml }) => previewPolicy(actor, console, yaml)),
    'stage-release': call(wantedRelease, (actor, wanted) => stageRelease(actor, console, wanted)),
    'roll-back-release': call(wantedRollBack, (actor, wanted) => rollBackRelease(actor, console, wanted)),
    'preview-roll-back': call(wantedRollBack, (actor, wanted) => previewRollBack(actor, console, wanted)),
    'preview-release': call(wantedRelease, (actor, wanted) => previewRelease(actor, console, wanted)),
    'list-pending': call(z.strictObject({}), async (actor) => ({ pending: (await listWaiting(actor, console)).map(describeReview) })),
    'list-expiring': call(z.strictObject({}), async (actor) => ({ expiring: await listExpiring(actor, console) })),
    'list-key-custody': call(z.strictObject({}), async (actor) => ({ roles: await listKeyCustody(actor, console) })),
    'read-pending': call(z.strictObject({ role }), async (actor, wanted) => {
      const { review, targets } = await readWaiting(actor, console, wanted.role)
      const found = [...targets].map(([path, { bytes: content, former }]) => ({
        ...{ path, bytes: toBase64(content) },
        former: former === null ? null : { path: former.path, bytes: toBase64(former.bytes) },
      }))
      return { ...describeReview(review), bytes: toBase64(review.bytes), targets: found }
    }),
    approve: call(z.strictObject({ role, reviewed: hex(64), signature: z.strictObject({ keyid: hex(64), sig: hex(128) }) }), (actor, approval) =>
      approve(actor, console, approval),
    ),
    'sign-with-console-key': call(z.strictObject({ role, reviewed: hex(64), passphrase: z.string().min(1).max(1024) }), (actor, wanted) =>
      signHere(actor, console, wanted),
    ),
    withdraw: call(z.strictObject({ role }), async (actor, wanted) => {
      await withdrawWaiting(actor, console, wanted.role)
      return { withdrawn: wanted.role }
    }),
    'assign-desktop': call(assignment, (actor, { desktop, ...assignee }) => assignDesktop(actor, console, desktop, assignee)),
    'unassign-desktop': call(assignment, (actor, { desktop, ...assignee }) => unassignDesktop(actor, console, desktop, assignee)),
    'new-code': call(
      z.strictObject({
        ...{ user: directoryName.nullable(), groups: z.array(directoryName).max(100), tags: z.array(slug).max(100) },
        lifetimeSeconds: z.int().min(1).max(2_592_000),
      }),
      (actor, wanted) => newEnrolmentCode(actor, console, requireDoor(door()), wanted),
    ),
    'list-devices': call(z.strictObject({}), async (actor) => ({ devices: await listDevices(actor, console) })),
    'show-device': call(device, (actor, wanted) => showDevice(actor, console, wanted.device)),
    'revoke-device': call(z.strictObject({ ...device.shape, why: z.string().min(1).max(200) }), async (actor, wanted) => {
      await revokeDevice(actor, console, wanted.device, wanted.why)
      return { device: wanted.device, state: 'revoked' }
    }),
    'reinstate-device': call(device, async (actor, wanted) => {
      await reinstateDevice(actor, console, wanted.device)
      return { device: wanted.device, state: 'active' }
    }),
    'explain-device': call(z.strictObject({ ...device.shape, desktop: slug }), (actor, wanted) => explainDevice(actor, console, wanted)),
    'device-compliance': call(device, (actor, wanted) => deviceCompliance(actor, console, wanted.device)),
    'device-report': call(z.strictObject({ ...device.shape, last: z.int().min(0).max(100_000) }), (actor, wanted) =>
      showReport(actor, console, wanted.device, wanted.last),
    ),
    'read-audit': call(z.strictObject({}), (actor) => readAudit(actor, console)),
    ...activationCalls(console),
    ...helpDeskCalls(console),
    ...escrowCalls(console),
    ...machineCalls(console),
    ...tpmAuthorityCalls(console),
    ...catalogueCalls(console),
    ...userCalls(console),
  }
}

const describeReview = ({ bytes: _, ...review }: Review) => review
const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))
const toBase64 = (content: Uint8Array): string => Buffer.from(content).toString('base64')

function requireDoor(door: DeviceDoorAddress | null): DeviceDoorAddress {
  if (door === null)
    throw new ConsoleError('address-missing', 'expected an address for devices: make the organisation with `--address`, or listen on one host')
  return door
}
