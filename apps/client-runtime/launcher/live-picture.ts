// SPDX-License-Identifier: Apache-2.0
//
// What the screens of open desktops show, small, where the policies allow it. They are in this page's memory alone, and go with the session.
import { ask } from './daemon.ts'
import { element } from './element.ts'

const everyMs = 5000

/** By instance; the same element at every redraw, so that a picture does not flicker. */
const shown = new Map<string, HTMLImageElement>()

export function livePicture(instance: string, title: string): HTMLElement {
  const known = shown.get(instance)
  if (known !== undefined) return known
  const made = element('img', { class: 'screen', alt: `What ${title} shows now`, hidden: true })
  shown.set(instance, made)
  void refresh(instance, made)
  return made
}

async function refresh(instance: string, image: HTMLImageElement): Promise<void> {
  const { png } = await ask('picture', { instance }).catch(() => ({ png: null }))
  image.hidden = png === null
  if (png === null) image.removeAttribute('src')
  else image.src = `data:image/png;base64,${png}`
}

setInterval(() => {
  for (const [instance, image] of shown) {
    if (image.isConnected) void refresh(instance, image)
    else shown.delete(instance)
  }
}, everyMs)
