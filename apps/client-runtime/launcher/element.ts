// SPDX-License-Identifier: Apache-2.0

type Child = Node | string | null

export interface Attributes {
  readonly id?: string
  readonly class?: string
  readonly [name: string]: string | boolean | undefined
}

/** An element with text and elements in it; text is never markup. `true` sets an attribute without a value, `false` leaves it out. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes,
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue
    made.setAttribute(name, value === true ? '' : value)
  }
  made.append(...children.filter((child) => child !== null))
  return made
}

export function button(id: string, label: string, act: () => void, kind: 'main' | 'plain' | 'danger' = 'plain'): HTMLButtonElement {
  const made = element('button', { id, type: 'button', class: kind }, label)
  made.addEventListener('click', act)
  return made
}

export function place(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no #${id}`)
  return found
}

/** Shows `children` in `at`; what had the focus keeps it. */
export function fill(at: HTMLElement, ...children: readonly Child[]): void {
  const focused = document.activeElement?.id ?? ''
  at.replaceChildren(...children.filter((child) => child !== null))
  if (focused !== '' && document.activeElement?.id !== focused) document.getElementById(focused)?.focus()
}

/** Words of the daemon: what stands between backticks is shown as code. */
export function prose(attributes: Attributes, text: string): HTMLElement {
  return element('p', attributes, ...text.split('`').map((part, at) => (at % 2 === 1 ? element('code', {}, part) : part)))
}

export function progress(words: string): HTMLElement {
  return element('div', { class: 'progress', role: 'status' }, element('span', { class: 'bar' }), element('p', {}, words))
}
