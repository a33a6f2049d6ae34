// SPDX-License-Identifier: Apache-2.0
//
// One desktop: what it is, how it stands, why it does not run, and what may be asked of it. Every button is an offer of the daemon's;
// leaving one out protects nothing.
import type { DesktopView, InstanceView, SessionRequest, SessionState } from '../local-api.ts'
import { activateDesktop } from './activation.ts'
import { administratorButton } from './administrator.ts'
import { ask, refusalBox, wordsOf } from './daemon.ts'
import { isSavedFault, offerDiscard } from './discard-saved.ts'
import { button, element, progress, prose } from './element.ts'
import { livePicture } from './live-picture.ts'
import { fromNow, moment } from './moment.ts'
import { askToStart, changePassword } from './password.ts'
import { offerRescue } from './rescue.ts'
import { openSnapshots } from './snapshots.ts'
import { networkModes, type RefusalWords, refusalWords } from './words.ts'

type Session = NonNullable<InstanceView['session']>

const stateWords: Readonly<Record<SessionState, string>> = {
  locked: 'off',
  preparing: 'getting ready',
  running: 'running',
  paused: 'paused',
  ending: 'ending',
  suspended: 'suspended',
  blocked: 'blocked',
}
const holdWords: Readonly<Record<Session['holds'][number], string>> = {
  user: 'You paused it.',
  disk: 'It waits for data: part of its disk has not arrived. It goes on by itself when it has.',
  'disk-limit':
    'Its disks have grown to the limit that your organisation gives them. Ask your administrator for more room; it goes on by itself, and nothing is lost.',
  daemon: 'The Casemate service was silent; it goes on by itself.',
  deadline: 'Its permission to run is being checked.',
}
const requestWords: Readonly<Record<SessionRequest, string>> = {
  pause: 'Pause',
  resume: 'Resume',
  reset: 'Reset',
  'power-button': 'Shut down',
  suspend: 'Suspend',
  'power-off': 'Power off',
}

/** By desktop: what this page waits for, and what was refused last. */
const busy = new Map<string, string>()
const refusals = new Map<string, RefusalWords>()
let changed = (): void => undefined

export function onCardChange(redraw: () => void): void {
  changed = redraw
}

export function desktopCard(view: DesktopView, instance: InstanceView | undefined, now: number): HTMLElement {
  const session = instance?.session ?? null
  const open = session?.open === true ? session : null
  const blocked = blockedWords(view, session)
  const waiting = busy.get(view.desktop) ?? (open?.state === 'preparing' ? 'Checking and starting the desktop' : null)
  const state = stateOf(view, session, blocked !== null)
  const refused = refusals.get(view.desktop)
  return element(
    'article',
    { class: 'card', 'data-state': state, 'data-desktop': view.desktop, 'aria-label': view.title },
    element('div', { class: 'head' }, element('h2', {}, view.title), element('span', { class: 'pill state' }, state)),
    element('p', { class: 'soft' }, about(view, open, instance)),
    open?.state === 'running' && instance !== undefined ? livePicture(instance.instance, view.title) : null,
    badges(view, open, now),
    open?.state === 'paused' ? element('p', {}, open.holds.map((hold) => holdWords[hold]).join(' ')) : null,
    blocked,
    refused === undefined ? null : refusalBox(refused),
    waiting === null ? null : progress(waiting),
    element('div', { class: 'actions' }, ...actions(view, instance, open)),
  )
}

function stateOf({ activated, reasons }: DesktopView, session: Session | null, blocked: boolean): string {
  if (session?.open === true) return stateWords[session.state]
  if (!activated && reasons.every(({ code }) => code === 'activation-needed')) return 'not activated'
  if (blocked) return 'blocked'
  return session?.state === 'suspended' ? stateWords.suspended : stateWords.locked
}

function about({ serial }: DesktopView, open: Session | null, instance: InstanceView | undefined): string {
  const release = `Release ${open?.serial ?? serial}`
  const sealed = open === null ? [] : [`${open.package.name} ${open.package.version}`]
  return [release, ...sealed, ...(instance === undefined ? [] : [`on ${instance.engine}`])].join(' · ')
}

function badges({ deadlines, messages, eula, activated, administrator }: DesktopView, open: Session | null, now: number): HTMLElement | null {
  const found: (readonly [text: string, kind: 'plain' | 'warn'])[] = []
  if (open !== null && open.state !== 'blocked') {
    found.push([networkModes[open.network], 'plain'])
    for (const why of open.quarantine) found.push([`its network is made smaller: ${why}`, 'warn'])
    found.push([clipboardWords(open.clipboard), 'plain'])
    if (open.content !== null) found.push([contentWords(open.content), 'plain'])
    for (const { at, device, name } of open.usb) found.push([`USB ${at}: ${name === '' ? device : `${name}, ${device}`}`, 'plain'])
    for (const { drive, medium } of open.drives) if (medium !== null) found.push([`${drive}: ${medium}`, 'plain'])
    if (open.guest !== null) found.push([[open.guest.system, ...open.guest.addresses].join(', '), 'plain'])
  }
  if (!activated && eula !== null) found.push([eula.accepted ? 'licence accepted' : 'has a licence to accept', 'plain'])
  if (administrator?.until != null)
    found.push([`administrator mode until ${moment(administrator.until)} (${fromNow(administrator.until, now)})`, 'warn'])
  const { warnAt = null, restrictAt = null, suspendAt = null } = deadlines ?? {}
  const warned = open?.warned === true || (warnAt !== null && now >= warnAt)
  if (suspendAt !== null) found.push([`may run until ${moment(suspendAt)} (${fromNow(suspendAt, now)})`, warned ? 'warn' : 'plain'])
  for (const message of open?.messages ?? messages) found.push([message, 'warn'])
  if (warned) found.push(['connect to the network, or ask for an extension', 'warn'])
  if (restrictAt !== null && now >= restrictAt) found.push(['network cut until there is contact', 'warn'])
  if (open !== null && open.waiting.length > 0) found.push([`new at the next start: ${open.waiting.join(', ')}`, 'plain'])
  if (found.length === 0) return null
  return element('ul', { class: 'badges' }, ...found.map(([text, kind]) => element('li', { class: `pill ${kind}` }, text)))
}

function clipboardWords({ toGuest, fromGuest }: Session['clipboard']): string {
  if (toGuest && fromGuest) return 'clipboard allowed'
  if (toGuest) return 'paste into it only'
  return fromGuest ? 'copy out of it only' : 'clipboard blocked'
}

function contentWords({ held, total }: NonNullable<Session['content']>): string {
  const [unit, name] = (total ?? held) < 1e9 ? [1e6, 'MB'] : [1e9, 'GB']
  // Rounded down: not all is here before it is.
  const tenths = (bytes: number) => (Math.floor((bytes / unit) * 10) / 10).toFixed(1)
  if (total === null) return `${tenths(held)} ${name} here`
  return held >= total ? 'can work offline' : `${tenths(held)} of ${tenths(total)} ${name} here, can work offline at ${tenths(total)} ${name}`
}

/** Why it does not run: failed closed, ended by the daemon, or it would not start. */
function blockedWords({ reasons }: DesktopView, session: Session | null): HTMLElement | null {
  const box = (words: RefusalWords, detail: string | null) =>
    element(
      'div',
      { class: 'blocked' },
      element('h3', {}, 'This desktop is blocked'),
      prose({ class: 'what' }, words.sentence),
      prose({}, words.nextStep),
      words.ask === '' ? null : element('p', {}, words.ask),
      element('p', { class: 'code' }, detail === null ? words.code : `${words.code}: ${detail}`),
    )
  if (session?.blocked != null && (session.open || reasons.length === 0)) return box({ ...session.blocked, ask: '' }, session.blocked.detail)
  const now = session?.open === true ? session.reasons : reasons
  const [first] = now.filter(({ code }) => code !== 'activation-needed')
  return first === undefined ? null : box(refusalWords({ code: first.code, message: first.sentence, reasons: [first] }), null)
}

function actions(view: DesktopView, instance: InstanceView | undefined, open: Session | null): readonly (HTMLElement | null)[] {
  const { desktop, title, password, reasons, rescue, administrator } = view
  const idle = !busy.has(desktop)
  const named = (what: string) => `${desktop}-${what}`
  if (instance === undefined) {
    const blocked = reasons.some(({ code }) => code !== 'activation-needed')
    return blocked || !idle ? [] : [button(named('activate'), 'Activate', () => run(desktop, 'Activating', () => activateDesktop(view)), 'main')]
  }
  const leave = () =>
    run(desktop, 'Leaving administrator mode', async () => {
      await ask('leaveAdministratorMode', { desktop })
    })
  const administrate = administrator === null ? null : administratorButton(view, administrator, leave)
  if (open !== null) {
    const screen =
      open.viewer === null
        ? null
        : element('a', { id: named('screen'), class: 'button main', href: open.viewer, target: '_blank', rel: 'noreferrer' }, 'Open screen')
    const requests = open.requests.map((request) => requestButton(desktop, instance.instance, request))
    const kept = open.state === 'running' || open.state === 'paused' ? open.snapshots : { take: false, revert: false }
    return [screen, snapshotsButton(view, instance, kept), ...requests, discardButton(view, instance), administrate]
  }
  if (!idle) return []
  const start = async (secret: string | null) => {
    await ask('start', { instance: instance.instance, password: secret })
  }
  const begin = () =>
    password === null
      ? run(desktop, `Starting ${title}`, () => start(null))
      : askToStart(view, password, instance, (secret) => track(desktop, `Starting ${title}`, () => start(secret)))
  const label = instance.session?.state === 'suspended' ? 'Continue' : 'Start'
  return [
    reasons.length > 0 ? null : button(named('start'), label, begin, 'main'),
    snapshotsButton(view, instance, view.snapshots),
    reasons.length > 0 ? null : discardButton(view, instance),
    rescue === null ? null : button(named('rescue'), 'Help without a network', () => offerRescue(view, rescue)),
    password?.set === true ? button(named('password'), 'Change password', () => changePassword(view, password, instance.instance)) : null,
    administrate,
  ]
}

function snapshotsButton(view: DesktopView, instance: InstanceView, { take, revert }: DesktopView['snapshots']): HTMLElement | null {
  if (!take && !revert) return null
  const show = () => openSnapshots(view, instance, (words, act) => run(view.desktop, words, act))
  return button(`${view.desktop}-snapshots`, 'Snapshots', show)
}

/** Where the memory that it would go on from is what stands in its way. */
function discardButton(view: DesktopView, instance: InstanceView): HTMLElement | null {
  if (!isSavedFault(instance.session?.blocked?.code)) return null
  return button(`${view.desktop}-discard`, 'Discard saved state', () => offerDiscard(view, instance), 'danger')
}

function requestButton(desktop: string, instance: string, request: SessionRequest): HTMLElement {
  const act = async () => {
    await ask('ask', { instance, request })
  }
  return button(
    `${desktop}-${request}`,
    requestWords[request],
    () => run(desktop, `${requestWords[request]}: asked`, act),
    request === 'power-off' ? 'danger' : 'plain',
  )
}

/** Shows that it is under way; what is thrown goes on to the caller. */
async function track(desktop: string, words: string, act: () => Promise<void>): Promise<void> {
  busy.set(desktop, words)
  refusals.delete(desktop)
  changed()
  try {
    await act()
  } finally {
    busy.delete(desktop)
    changed()
  }
}

function run(desktop: string, words: string, act: () => Promise<void>): void {
  track(desktop, words, act).catch((error: unknown) => {
    refusals.set(desktop, wordsOf(error))
    changed()
  })
}
