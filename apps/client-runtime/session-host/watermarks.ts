// SPDX-License-Identifier: Apache-2.0
//
// Whose desktop it is, as it stands over every picture of it that leaves the session host (PO-16).
import { Watermark } from '@casemate/engine/watermark'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import type { SessionNames } from '../local-api.ts'

type ScreenPlan = Pick<LaunchPlan, 'screen'>

export class Watermarks {
  readonly #screen: Watermark
  readonly #thumbnail: Watermark

  constructor({ device, user }: SessionNames) {
    const text = user === null ? device : `${device} ${user}`
    this.#screen = new Watermark(text)
    this.#thumbnail = new Watermark(text, 1)
  }

  /** What the plan wants drawn; null: nothing. */
  ofScreen({ screen }: ScreenPlan): Watermark | null {
    return screen.watermark === 'none' ? null : this.#screen
  }

  /** Likewise, in letters of half the size. */
  ofThumbnail({ screen }: ScreenPlan): Watermark | null {
    return screen.watermark === 'none' ? null : this.#thumbnail
  }
}
