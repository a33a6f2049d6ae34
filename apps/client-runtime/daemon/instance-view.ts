// SPDX-License-Identifier: Apache-2.0
import { messagesNow } from '@casemate/policy/plan-messages'
import type { InstanceView } from '../local-api.ts'
import { quarantineWords } from '../session-host/quarantine-words.ts'
import type { InstanceRecord } from './instances/instance-store.ts'
import type { Sessions } from './sessions/sessions.ts'

/** With its session, as its host says now or the record kept it. @param now Unix seconds on the verified clock */
export async function viewInstance(
  sessions: Pick<Sessions, 'list' | 'viewer'>,
  { instance, desktop, engine, activatedAt }: InstanceRecord,
  now: number,
): Promise<InstanceView> {
  const found = sessions.list().find(({ record }) => record.instance === instance)
  if (found === undefined) return { instance, desktop, engine, activatedAt, session: null }
  const { record, view } = found
  const door = record.ended ? null : await sessions.viewer(instance)
  const { session, planVersion, serial, reasons, waiting, warned, plan } = record
  const clipboard = { toGuest: plan.clipboard.toGuest.allowed, fromGuest: plan.clipboard.fromGuest.allowed }
  return {
    ...{ instance, desktop, engine, activatedAt },
    session: {
      ...{ session, planVersion, serial, waiting: [...waiting], warned, reasons: [...reasons] },
      messages: record.ended ? [] : [...messagesNow(plan, now)],
      state: view?.state ?? record.state,
      open: !record.ended,
      snapshots: plan.snapshots,
      holds: view === null ? [] : [...view.holds],
      requests: view === null ? [] : [...view.requests],
      package: { name: plan.package.name, version: plan.package.version },
      network: view?.network ?? plan.network.mode,
      quarantine: record.ended ? [] : quarantineWords(plan),
      clipboard: view?.clipboard ?? clipboard,
      content: view?.content ?? null,
      guest: view?.guest ?? null,
      drives: view === null ? [] : [...view.drives],
      usb: view === null ? [] : [...view.usb],
      viewer: door === null ? null : `${door.viewer}/#token=${door.viewerToken}`,
      blocked: view?.reason ?? record.blocked,
    },
  }
}
