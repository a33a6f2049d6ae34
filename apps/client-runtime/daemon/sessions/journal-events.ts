// SPDX-License-Identifier: Apache-2.0
import type { JournalEvent } from '@casemate/policy/event'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import { sha256Text } from '@casemate/policy/names'
import { z } from 'zod'
import { driveName, type SessionEvent, sessionState } from '../../local-api.ts'

/** What the journal says of an event of a session host: an entry, or only a count. */
export interface Journaled {
  readonly entry: JournalEvent | null
  readonly count: { readonly of: string; readonly by: number } | null
}

type Names = Pick<LaunchPlan, 'session' | 'instance' | 'desktop'>

const text = z.string().transform((value) => value.slice(0, 500))
const code = z
  .string()
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/)
  .max(64)
const refusedFlow = z.object({
  protocol: z.enum(['tcp', 'udp', 'icmp']).catch('tcp'),
  address: text,
  port: z.number().nullable(),
  domain: text.nullable().catch(null),
  count: z.int().min(1).catch(1),
})
/** As long as a file system lets it be. */
const fileName = z.string().transform((value) => value.slice(0, 255))
const mediumChange = z.object({ drive: driveName, name: fileName.nullable().default(null) })
const scriptRun = z.object({ script: z.string().max(64), when: code, end: z.string().max(16), output: text })
const guestInfo = z.object({ name: z.string().max(64), bytes: z.int().min(0), again: z.boolean() })
const usbUse = z.object({ at: text, device: text, code: code.nullable().default(null) })
const clipboardUse = z.object({ direction: z.string(), bytes: z.int().min(0), outcome: z.string() })

/** The object of which no intact copy could be had, of an event that says so. */
export function lostObject({ type, data }: SessionEvent): string | null {
  return type === 'blocked' ? (sha256Text.safeParse(data.altered).data ?? null) : null
}

/** An event that does not have the form it should is counted, so that nothing goes unsaid. */
export function journaled({ session, instance, desktop }: Names, { type, data }: SessionEvent): Journaled {
  const names = { session, instance, desktop }
  const counted = { entry: null, count: { of: code.safeParse(type).success ? type : 'unknown-event', by: 1 } }
  switch (type) {
    case 'state': {
      const state = sessionState.safeParse(data.state)
      // What blocked comes as an event of its own, with its code.
      if (!state.success || state.data === 'blocked') return counted
      return { entry: { type: 'session-state', data: { ...names, state: state.data, code: null } }, count: null }
    }
    case 'blocked': {
      const why = code.safeParse(data.code)
      return { entry: { type: 'session-state', data: { ...names, state: 'blocked', code: why.success ? why.data : null } }, count: null }
    }
    case 'held':
    case 'released':
    case 'deadline': {
      const what = text.safeParse(type === 'deadline' ? data.phase : data.reason)
      return what.success ? { entry: { type: 'observed', data: { ...names, fields: { [type]: what.data } } }, count: null } : counted
    }
    case 'medium-inserted':
    case 'medium-ejected': {
      const medium = mediumChange.safeParse(data)
      if (!medium.success) return counted
      const { drive, name } = medium.data
      return { entry: { type: 'observed', data: { ...names, fields: { [type]: name === null ? drive : `${drive}: ${name}` } } }, count: null }
    }
    case 'usb-attached':
    case 'usb-detached':
    case 'usb-refused': {
      const usb = usbUse.safeParse(data)
      if (!usb.success) return counted
      const { at, device, code: why } = usb.data
      const said = `${at}: ${device}${why === null ? '' : `, ${why}`}`
      // A refusal is counted too, so that a desktop that is tried again and again stands out.
      const count = type === 'usb-refused' ? { of: type, by: 1 } : null
      return { entry: { type: 'observed', data: { ...names, fields: { [type]: said } } }, count }
    }
    case 'printed':
    case 'folder-shared':
    case 'folder-withdrawn':
    case 'folder-not-shared': {
      const what = fileName.safeParse(type === 'printed' ? data.name : data.path)
      if (!what.success) return counted
      const more = text.safeParse(data.access ?? data.code)
      const said = more.success ? `${what.data}: ${more.data}` : what.data
      return { entry: { type: 'observed', data: { ...names, fields: { [type]: said } } }, count: null }
    }
    case 'guest-info': {
      const told = guestInfo.safeParse(data)
      if (!told.success || told.data.again) return counted
      return {
        entry: { type: 'observed', data: { ...names, fields: { [type]: `${told.data.name}: ${told.data.bytes} bytes` } } },
        count: counted.count,
      }
    }
    case 'guest-info-refused': {
      const why = code.safeParse(data.code)
      return why.success ? { entry: { type: 'observed', data: { ...names, fields: { [type]: why.data } } }, count: counted.count } : counted
    }
    case 'guest-panicked':
    case 'guest-watchdog':
      return { entry: { type: 'observed', data: { ...names, fields: { guest: type === 'guest-panicked' ? 'panicked' : 'watchdog' } } }, count: null }
    case 'script-ran': {
      const run = scriptRun.safeParse(data)
      if (!run.success) return counted
      const { script, when, end, output } = run.data
      return { entry: { type: 'observed', data: { ...names, fields: { script: `${when} ${script}: ${end}`, output } } }, count: null }
    }
    case 'snapshot-taken':
    case 'snapshot-deleted':
    case 'reverting': {
      const snapshot = text.safeParse(data.snapshot)
      return snapshot.success ? { entry: { type: 'observed', data: { ...names, fields: { [type]: snapshot.data } } }, count: null } : counted
    }
    case 'network-refused': {
      const flow = refusedFlow.safeParse(data)
      if (!flow.success) return counted
      const { protocol, address, port, domain, count } = flow.data
      const to = domain ?? (port === null ? address : `${address} port ${port}`)
      return {
        entry: { type: 'network-refused', data: { session, protocol: data.protocol === protocol ? protocol : 'other', to } },
        count: { of: type, by: count },
      }
    }
    case 'clipboard': {
      const use = clipboardUse.safeParse(data)
      if (!use.success) return counted
      const { direction, bytes, outcome } = use.data
      const to = direction === 'to-guest' ? 'to-guest' : 'from-guest'
      if (outcome === 'passed') return { entry: null, count: { of: `clipboard-${to}`, by: 1 } }
      return { entry: { type: 'clipboard-refused', data: { session, direction: to, bytes } }, count: null }
    }
    case 'bad-cached-object': {
      const object = sha256Text.safeParse(data.object)
      // Where no intact copy can be had, a `blocked` follows.
      return object.success ? { entry: { type: 'package-altered', data: { desktop, object: object.data, repaired: true } }, count: null } : counted
    }
    default:
      return counted
  }
}
