// SPDX-License-Identifier: Apache-2.0
//
// The launcher's page: asks and shows. Every rule is kept by the daemon; it holds one question open and draws what comes.
import type { DaemonResponse } from '../local-api.ts'
import { computerView } from './computer.ts'
import { ask, refusalBox, wordsOf } from './daemon.ts'
import { onCardChange } from './desktop-card.ts'
import { button, element, fill, place, prose } from './element.ts'
import { enrolmentView } from './enrolment.ts'
import { libraryView } from './library.ts'
import type { RefusalWords } from './words.ts'

type View = 'desktops' | 'computer'

const redrawEveryMs = 30_000
const retryMs = 1000

let view: View = 'desktops'
let seen: DaemonResponse<'watch'> | null = null
let enrolling: HTMLElement | null = null

function draw(): void {
  if (seen === null) return
  const { enrolment, contact } = seen.status
  place('organisation').textContent = enrolment?.title ?? 'not enrolled'
  document.title = enrolment === null ? 'Casemate' : `Casemate · ${enrolment.title}`
  const pill = place('contact')
  pill.hidden = contact === null
  pill.textContent = contact?.connected === true ? 'in contact' : 'no contact'
  pill.dataset.kind = contact?.connected === true ? 'good' : 'warn'
  fill(place('views'), ...(enrolment === null ? [] : [tab('desktops', 'Desktops'), tab('computer', 'This computer')]))
  if (enrolment !== null) {
    enrolling = null
    fill(place('view'), view === 'desktops' ? libraryView(seen) : computerView(seen.status, draw))
  } else if (enrolling === null) {
    // Drawn once: what is typed stays.
    enrolling = enrolmentView(() => undefined)
    fill(place('view'), enrolling)
  }
}

function tab(name: View, label: string): HTMLElement {
  const made = button(`view-${name}`, label, () => {
    view = name
    draw()
  })
  if (view === name) made.setAttribute('aria-current', 'page')
  return made
}

function unreachable(words: RefusalWords): void {
  seen = null
  enrolling = null
  place('contact').hidden = true
  fill(place('views'))
  fill(
    place('view'),
    element(
      'section',
      { class: 'panel narrow' },
      element('h2', {}, 'Casemate does not answer'),
      refusalBox(words),
      prose({ class: 'soft' }, 'This page goes on by itself. If its address is an old one, `casemate open` prints the present one.'),
    ),
  )
}

/** Without the time, which alone is no news. */
function shownOf({ status, desktops }: DaemonResponse<'watch'>): string {
  return JSON.stringify([{ ...status, clock: status.clock.behind }, desktops])
}

async function follow(): Promise<never> {
  for (;;) {
    try {
      const news: DaemonResponse<'watch'> = await ask('watch', { after: seen?.at ?? null, waitSeconds: seen === null ? 0 : 20 })
      const differs = seen === null || shownOf(news) !== shownOf(seen)
      seen = news
      // What is the same stays as it is: a button that is being pressed is not exchanged under the finger.
      if (differs) draw()
    } catch (error) {
      unreachable(wordsOf(error))
      await new Promise((resolve) => setTimeout(resolve, retryMs))
    }
  }
}

onCardChange(draw)
setInterval(draw, redrawEveryMs)
void follow()
