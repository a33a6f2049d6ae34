// SPDX-License-Identifier: Apache-2.0
import { settingOf } from '@casemate/policy/decision'
import type { Facts } from '@casemate/policy/facts'
import { describeInstanceKey } from '@casemate/policy/instance-key'
import { type Assignment, desktopOf, type Lease } from '@casemate/policy/lease'
import { messagesNow } from '@casemate/policy/plan-messages'
import type { DesktopView } from '../local-api.ts'
import { modeOf, presentGrant } from './administrator-mode/present-grant.ts'
import { decideDesktop } from './decision/decide-desktop.ts'
import { type Device, factsOf } from './device.ts'
import { type DesktopDocuments, readDesktop } from './documents/desktop-documents.ts'
import { isAccepted } from './eula/acceptances.ts'
import type { InstanceRecord } from './instances/instance-store.ts'
import { readPasswordFloor } from './instances/password-floor.ts'
import { boundTo } from './move/bound-to.ts'
import { offerRescue } from './overrides/rescue.ts'

/** What people are shown of an assigned desktop: what it asks for, and why it would not start now. */
export async function viewDesktop(
  device: Device,
  assigned: Assignment,
  record: InstanceRecord | undefined,
  { engines, engine }: { readonly engines: Facts['engines']; readonly engine: 'auto' | 'qemu' | 'v86' },
): Promise<DesktopView> {
  const desktop = desktopOf(assigned)
  const instance = {
    ...{ name: desktop, activatedAt: record?.activatedAt ?? null, authentication: 'passed' as const },
    lockedUntil: record?.tries.lockedUntil ?? null,
    boundTo: record === undefined ? ('this-device' as const) : await boundTo(device, record),
    ...{ authenticatedBy: 'password' as const, authenticatedAt: null, screenLocked: false },
  }
  const request = { kind: 'power-on' as const, session: 'list', instance, engine: record?.engine ?? engine }
  const { decision } = await decideDesktop(device, engines, desktop, request)
  const held = await readDesktop(device.documents.place, desktop, device.leases.lease).catch(() => undefined)
  return {
    ...{ desktop, title: held?.release.document.title ?? desktop, serial: assigned.serial, activated: record !== undefined },
    ...(await wantedOf(device, desktop, held, record)),
    deadlines: decision.allowed ? decision.plan.deadlines : null,
    snapshots: decision.allowed ? decision.plan.snapshots : { take: false, revert: false },
    messages: decision.allowed ? [...messagesNow(decision.plan, device.clock.now)] : [],
    reasons: decision.allowed ? [] : [...decision.reasons],
    rescue: record === undefined || decision.allowed ? null : ((await offerRescue(device, engines, desktop, decision.reasons))?.request ?? null),
  }
}

async function wantedOf(
  device: Device,
  desktop: string,
  held: DesktopDocuments | undefined,
  record: InstanceRecord | undefined,
): Promise<Pick<DesktopView, 'activation' | 'eula' | 'password' | 'administrator'>> {
  const { lease } = device.leases
  // Without documents the reasons say so; what they would ask for is not known.
  if (held === undefined || lease === null) return { activation: 'none', eula: null, password: null, administrator: null }
  const facts = await factsOf(device, [])
  const setting = settingOf(held.layers, lease, facts, device.clock.now)
  const [activation, authentication] = [setting('activation'), setting('authentication')]
  const { eula: sha256 } = held
  return {
    activation,
    eula: sha256 === null ? null : { sha256, accepted: await isAccepted(device.layout, desktop, sha256) },
    password:
      authentication.mode === 'password'
        ? { set: await hasPassword(device, record), minLength: authentication.minLength, minClasses: authentication.minClasses }
        : null,
    administrator: await administratorOf(device, desktop, held, lease, facts),
  }
}

async function administratorOf(
  device: Device,
  desktop: string,
  held: DesktopDocuments,
  lease: Lease,
  facts: Parameters<typeof modeOf>[2],
): Promise<DesktopView['administrator']> {
  const mode = modeOf(held, lease, facts, device.clock.now)
  if (mode.mode === 'off') return null
  const grant = await presentGrant(device, desktop, mode, lease)
  const { exceptions, exp } = grant ?? { exceptions: mode.allows, exp: null }
  return { until: exp, settings: exceptions.map(({ setting: name }) => name), maxMinutes: mode.maxMinutes }
}

async function hasPassword(device: Device, record: InstanceRecord | undefined): Promise<boolean> {
  const { key, layout } = device
  if (record === undefined || (await boundTo(device, record)) === 'another-device') return false
  const { pending } = await readPasswordFloor(layout, record.instance)
  // Which wrapping may be opened is asked when it is: what is shown of an older one is no secret.
  const name = { instance: record.instance, passwordSeq: 0 }
  return (await describeInstanceKey(pending ?? record.key, name, key)).protection === 'device-and-password'
}
