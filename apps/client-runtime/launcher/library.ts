// SPDX-License-Identifier: Apache-2.0
import type { DaemonResponse } from '../local-api.ts'
import { desktopCard } from './desktop-card.ts'
import { element } from './element.ts'

export function libraryView({ status, desktops }: DaemonResponse<'watch'>): HTMLElement {
  const organisation = status.enrolment?.title ?? ''
  const now = status.clock.now
  if (desktops.length === 0) {
    return element(
      'section',
      { class: 'panel narrow empty' },
      element('h2', {}, 'No desktop yet'),
      element('p', {}, `A desktop appears here by itself as soon as ${organisation} assigns one to this computer.`),
    )
  }
  const cards = desktops.map((view) =>
    desktopCard(
      view,
      status.instances.find(({ desktop }) => desktop === view.desktop),
      now,
    ),
  )
  return element('section', { class: 'library', 'aria-label': 'Desktops' }, ...cards)
}
