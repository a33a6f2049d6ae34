// SPDX-License-Identifier: Apache-2.0
//
// A small picture of the screen for the launcher (PO-16), as the plan of this moment allows it. It is kept nowhere.
import type { SessionPicture } from '../local-api.ts'
import type { Session } from './session.ts'
import { thumbnailOf } from './snapshots/thumbnail.ts'
import type { Watermarks } from './watermarks.ts'

export async function pictureOf(session: Pick<Session, 'plan' | 'displaySocket'>, marks: Watermarks): Promise<SessionPicture> {
  const { displaySocket } = session
  if (displaySocket === null || session.plan.screen.screenshots !== 'allowed') return { png: null }
  const picture = await thumbnailOf(displaySocket, marks.ofThumbnail(session.plan))
  // The plan may have changed while the picture was taken.
  const { screenshots } = session.plan.screen
  return { png: picture === null || screenshots !== 'allowed' ? null : Buffer.from(picture).toString('base64') }
}
