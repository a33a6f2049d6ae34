// SPDX-License-Identifier: Apache-2.0
//
// One viewer of the screen: through the display filter, under the plan in force, for as long as there is something to show.
import { connectDisplay } from '@casemate/engine/display-filter'
import { createWebSocketStream, type WebSocket } from 'ws'
import type { Session } from './session.ts'
import type { Watermarks } from './watermarks.ts'

/** WebSocket close codes of this door (RFC 6455, section 7.4.2: 4000-4999 are private). */
const NOTHING_TO_SHOW = 4001

export function showDisplay(session: Session, marks: Watermarks, viewer: WebSocket): void {
  const displaySocket = session.displaySocket
  if (displaySocket === null) {
    viewer.close(NOTHING_TO_SHOW, 'nothing to show')
    return
  }
  const policy = () => ({ clipboard: session.inForce.clipboard, input: 'allowed' as const, watermark: marks.ofScreen(session.plan) })
  const connection = connectDisplay({
    displaySocket,
    viewer: createWebSocketStream(viewer),
    policy: policy(),
    paste: 'type',
    takesSizes: session.plan.engine === 'qemu',
    onClipboard: (event) => session.events.add('clipboard', { direction: event.direction, bytes: event.bytes, outcome: event.outcome }),
  })
  const forget = session.onChange(() => {
    connection.setPolicy(policy())
    if (session.displaySocket === null) connection.close()
  })
  void connection.closed.then((end) => {
    forget()
    session.events.add('display-closed', { reason: end.reason, detail: end.error?.message ?? null, refusedSizes: connection.refusedSizes })
  })
}
