// SPDX-License-Identifier: Apache-2.0
//
// Snapshots of one desktop: the tree with a picture of each, and what its policies let the user do with them. Of a desktop that is not open
// they are shown after its password, and bringing one back starts it.
import type { DaemonResponse, DesktopView, InstanceView } from '../local-api.ts'
import { ask } from './daemon.ts'
import { openDialog, type Step, secretField } from './dialog.ts'
import { button, element } from './element.ts'
import { moment } from './moment.ts'

type List = DaemonResponse<'snapshots'>
type Snapshot = List['snapshots'][number]
/** Shows on the desktop's card that something is under way, and what became of it. */
export type Run = (words: string, act: () => Promise<void>) => void

export function openSnapshots(view: DesktopView, { instance, session }: InstanceView, run: Run): void {
  const { title } = view
  const open = session?.open === true
  let password: string | null = null
  const call = () => ({ instance, password })

  const shown = async (): Promise<Step> => {
    // One after the other: a wrong password is one try.
    const list = await ask('snapshots', call())
    const { pictures } = await ask('snapshotPictures', call())
    const pictureOf = new Map(pictures.map(({ snapshot, png }) => [snapshot, png]))
    return list.take && open && session.state === 'running' ? takingStep(list, pictureOf) : listStep(list, pictureOf)
  }
  const listStep = (list: List, pictures: ReadonlyMap<string, string>): Step => ({
    title: `Snapshots of ${title}`,
    content: [tree(list, pictures), rules(list)],
    action: null,
    act: async () => null,
  })
  const takingStep = (list: List, pictures: ReadonlyMap<string, string>): Step => {
    const name = element('input', { id: 'snapshot-name', required: true, maxlength: '80', autocomplete: 'off' })
    const field = element('div', { class: 'field' }, element('label', { for: 'snapshot-name' }, 'Name of a new snapshot'), name)
    return {
      ...listStep(list, pictures),
      content: [tree(list, pictures), rules(list), field],
      action: 'Take snapshot',
      waiting: 'The desktop stands still for a moment while it is kept.',
      act: async () => {
        await ask('takeSnapshot', { instance, name: name.value })
        return shown()
      },
    }
  }

  const tree = (list: List, pictures: ReadonlyMap<string, string>): HTMLElement => {
    const below = (parent: string | null): HTMLElement | null => {
      const children = list.snapshots.filter((snapshot) => snapshot.parent === parent)
      if (children.length === 0) return null
      return element('ul', {}, ...children.map((snapshot) => element('li', {}, row(snapshot, list, pictures.get(snapshot.id)), below(snapshot.id))))
    }
    const unreadable = list.unreadable.map((id) => element('li', {}, alteredRow(id, list)))
    const found = below(null)
    return element(
      'section',
      { class: 'snapshots', 'aria-label': 'Snapshots', tabindex: '0' },
      found,
      unreadable.length === 0 ? null : element('ul', {}, ...unreadable),
      found === null && unreadable.length === 0 ? element('p', { class: 'soft' }, 'There are no snapshots yet.') : null,
    )
  }
  const row = (snapshot: Snapshot, list: List, picture: string | undefined): HTMLElement => {
    const { id, name, takenAt, fits } = snapshot
    return element(
      'div',
      { class: 'snapshot' },
      picture === undefined
        ? element('span', { class: 'picture' })
        : element('img', { class: 'picture', src: `data:image/png;base64,${picture}`, alt: `Screen when ${name} was taken` }),
      element(
        'div',
        { class: 'about' },
        element('p', { class: 'what' }, name),
        element('p', { class: 'soft' }, moment(takenAt)),
        id === list.current ? element('span', { class: 'pill', 'data-kind': 'good' }, 'now') : null,
        fits ? null : element('span', { class: 'pill warn' }, 'of another release'),
      ),
      element(
        'div',
        { class: 'actions' },
        list.revert && fits
          ? labelled(
              button(`return-${id}`, 'Return', () => go(returning(snapshot))),
              `Return to ${name}`,
            )
          : null,
        list.take
          ? labelled(
              button(`delete-${id}`, 'Delete', () => go(deleting(id, name)), 'danger'),
              `Delete ${name}`,
            )
          : null,
      ),
    )
  }
  const alteredRow = (id: string, list: List): HTMLElement =>
    element(
      'div',
      { class: 'snapshot' },
      element('span', { class: 'picture' }),
      element('div', { class: 'about' }, element('p', { class: 'what' }, 'Altered snapshot'), element('p', { class: 'code' }, id)),
      element('div', { class: 'actions' }, list.take ? button(`delete-${id}`, 'Delete', () => go(deleting(id, 'altered snapshot')), 'danger') : null),
    )

  const returning = ({ id, name, takenAt }: Snapshot): Step => ({
    title: `Return to ${name}?`,
    content: [
      element('p', {}, `${title} becomes what it was at ${moment(takenAt)}. What was done in it since is lost, unless it is in another snapshot.`),
      open ? null : element('p', { class: 'soft' }, 'It starts from there.'),
    ],
    action: open ? 'Return' : 'Return and start',
    back: shown,
    act: async () => {
      run(`Returning to ${name}`, async () => {
        await ask('revertSnapshot', { ...call(), snapshot: id })
        if (!open) await ask('start', call())
      })
      return null
    },
  })
  const deleting = (id: string, name: string): Step => ({
    title: `Delete ${name}?`,
    content: [element('p', {}, 'It cannot be brought back then. The desktop itself and its other snapshots stay as they are.')],
    action: 'Delete',
    back: shown,
    act: async () => {
      await ask('deleteSnapshot', { ...call(), snapshot: id })
      return shown()
    },
  })

  const secret = secretField('password', 'Password of this desktop', null, 'current-password')
  const asksPassword = !open && view.password?.set === true
  const go = openDialog({
    title: `Snapshots of ${title}`,
    content: asksPassword ? [secret.label] : [],
    action: 'Show',
    waiting: 'Opening the snapshots',
    act: async () => {
      password = asksPassword ? secret.input.value : null
      return shown()
    },
  })
  if (!asksPassword) void shown().then(go, go.fail)
}

function rules({ take, revert }: List): HTMLElement | null {
  if (take && revert) return null
  const refused = take ? 'brought back' : revert ? 'taken or deleted' : 'taken, deleted or brought back'
  return element('p', { class: 'soft' }, `By the policies of your organisation snapshots of this desktop are not ${refused}.`)
}

function labelled(made: HTMLButtonElement, label: string): HTMLButtonElement {
  made.setAttribute('aria-label', label)
  return made
}
