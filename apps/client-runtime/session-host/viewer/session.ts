// SPDX-License-Identifier: Apache-2.0
//
// The session's page: asks and shows. Every rule is kept by the session host; hiding a button here protects nothing.
import RFB from '/novnc/core/rfb.js'
import type { NetworkMode, SessionRequest, SessionState, SessionView } from '../../local-api.ts'

const LABELS: Readonly<Record<SessionRequest, string>> = {
  pause: 'Pause',
  resume: 'Resume',
  reset: 'Reset',
  'power-button': 'Shut down',
  suspend: 'Suspend',
  'power-off': 'Power off',
}

const NETWORKS: Readonly<Record<NetworkMode, string>> = {
  none: 'no network',
  listed: 'listed servers only',
  'host-only': 'this computer only',
  isolated: 'isolated network',
}

const NOTICES: Readonly<Partial<Record<SessionState, readonly [title: string, text: string]>>> = {
  locked: ['This session has ended', 'The desktop is switched off. You can close this page.'],
  preparing: ['Getting ready', 'The desktop is being checked and started.'],
  paused: ['Paused', 'The desktop stands still.'],
  ending: ['Ending', 'The desktop is being put away.'],
  suspended: ['Suspended', 'The desktop is saved and goes on from here next time. You can close this page.'],
}

const HOLDS: Readonly<Record<SessionView['holds'][number], string>> = {
  user: 'You paused it.',
  disk: 'It waits for data: part of its disk has not arrived. It goes on by itself when it has.',
  'disk-limit':
    'Its disks have grown to the limit that your organisation gives them. Ask your administrator for more room; it goes on by itself, and nothing is lost.',
  daemon: 'The Casemate service on this computer does not answer; it goes on by itself when it does.',
  deadline: 'Its permission to run is being checked.',
}

const token = location.hash.replace(/^#token=/, '')
const place = (id: string): HTMLElement => {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no #${id}`)
  return element
}

let display: RFB | null = null
let shown = ''

async function call(path: string, method: 'GET' | 'POST'): Promise<SessionView> {
  const response = await fetch(path, { method, headers: { authorization: `Bearer ${token}` } })
  const body = await response.json()
  if (!response.ok) throw new Error(body.message)
  return body
}

function connect(): void {
  if (display !== null) return
  const rfb = new RFB(place('screen'), `ws://${location.host}/display`, { wsProtocols: ['binary', `casemate.token.${token}`], shared: true })
  rfb.scaleViewport = true
  rfb.background = '#000'
  rfb.addEventListener('disconnect', () => {
    if (display === rfb) display = null
  })
  rfb.addEventListener('connect', () => rfb.focus())
  display = rfb
}

function notice(view: SessionView): void {
  const box = place('notice')
  const words = view.reason === null ? NOTICES[view.state] : (['This desktop is blocked', view.reason.sentence] as const)
  box.hidden = words === undefined
  if (words === undefined) return
  place('notice-title').textContent = words[0]
  place('notice-text').textContent = view.state === 'paused' ? view.holds.map((name) => HOLDS[name]).join(' ') : words[1]
  place('notice-next').textContent = view.reason?.nextStep ?? ''
  place('notice-code').textContent = view.reason === null ? '' : `${view.reason.code}: ${view.reason.detail}`
}

function contentWords(content: SessionView['content']): string {
  if (content === null) return ''
  const { held, total } = content
  const [unit, name] = (total ?? held) < 1e9 ? [1e6, 'MB'] : [1e9, 'GB']
  // Rounded down: not all is here before it is.
  const tenths = (bytes: number) => (Math.floor((bytes / unit) * 10) / 10).toFixed(1)
  if (total === null) return `${tenths(held)} ${name} here`
  return held >= total ? 'can work offline' : `${tenths(held)} of ${tenths(total)} ${name} here, can work offline at ${tenths(total)} ${name}`
}

function show(view: SessionView): void {
  if (view.state === 'running' || view.state === 'paused') connect()
  else display?.disconnect()
  const text = JSON.stringify(view)
  if (text === shown) return
  shown = text
  document.title = `${view.desktop} - Casemate`
  document.body.dataset.state = view.state
  place('desktop').textContent = view.desktop
  place('release').textContent = `${view.package.name} ${view.package.version} on ${view.engine}`
  place('state').textContent = view.state
  place('network').textContent = [NETWORKS[view.network], ...view.quarantine.map((why) => `made smaller: ${why}`)].join('; ')
  place('clipboard').textContent =
    { '00': 'clipboard blocked', '10': 'paste into it only', '01': 'copy out of it only', '11': 'clipboard allowed' }[
      `${view.clipboard.toGuest ? 1 : 0}${view.clipboard.fromGuest ? 1 : 0}`
    ] ?? ''
  place('content').textContent = contentWords(view.content)
  notice(view)
  place('requests').replaceChildren(
    ...view.requests.map((request) => {
      const button = document.createElement('button')
      button.textContent = LABELS[request]
      button.addEventListener('click', () => {
        call(`/requests/${request}`, 'POST').then(show, (error: Error) => unreachable(error.message))
      })
      return button
    }),
  )
}

function unreachable(message: string): void {
  place('state').textContent = 'not connected'
  document.title = 'Casemate session'
  place('notice').hidden = false
  place('notice-title').textContent = 'The session does not answer'
  place('notice-text').textContent = message
  place('requests').replaceChildren()
  shown = ''
}

async function follow(): Promise<void> {
  let pause = 500
  try {
    const view = await call('/session', 'GET')
    // A desktop that goes on from a saved state is there within the second.
    if (view.state === 'preparing') pause = 50
    show(view)
  } catch (error) {
    unreachable(error instanceof Error ? error.message : String(error))
  }
  setTimeout(follow, pause)
}

void follow()
