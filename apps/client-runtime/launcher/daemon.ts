// SPDX-License-Identifier: Apache-2.0
import type { DaemonRequest, DaemonResponse, DaemonRoute } from '../local-api.ts'
import { element, prose } from './element.ts'
import { type Refusal, type RefusalWords, refusalWords } from './words.ts'

const paths: Readonly<Record<DaemonRoute, string>> = {
  introduce: '/introduce',
  enrol: '/enrol',
  status: '/status',
  list: '/list',
  eula: '/eula',
  acceptEula: '/accept-eula',
  activate: '/activate',
  setPassword: '/set-password',
  resetPassword: '/reset-password',
  takeOverride: '/take-override',
  askRescue: '/ask-rescue',
  rescue: '/rescue',
  enterAdministratorMode: '/enter-administrator-mode',
  leaveAdministratorMode: '/leave-administrator-mode',
  importInstance: '/import-instance',
  completeMove: '/complete-move',
  start: '/start',
  stop: '/stop',
  ask: '/ask',
  changeMedium: '/change-medium',
  usb: '/usb',
  changeUsb: '/change-usb',
  folders: '/folders',
  shareFolder: '/share-folder',
  unshareFolder: '/unshare-folder',
  guestInfo: '/guest-info',
  setGuestInfo: '/set-guest-info',
  snapshots: '/snapshots',
  snapshotPictures: '/snapshot-pictures',
  takeSnapshot: '/take-snapshot',
  renameSnapshot: '/rename-snapshot',
  deleteSnapshot: '/delete-snapshot',
  revertSnapshot: '/revert-snapshot',
  discardSaved: '/discard-saved',
  stats: '/stats',
  picture: '/picture',
  network: '/network',
  import: '/import',
  watch: '/watch',
  launcher: '/launcher',
  checkUpdate: '/check-update',
  downloadUpdate: '/download-update',
  doctor: '/doctor',
  why: '/why',
}

const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? ''

/** What the daemon refused, in words. */
export class Refused extends Error {
  readonly words: RefusalWords

  constructor(words: RefusalWords) {
    super(words.sentence)
    this.words = words
  }
}

/** @throws Refused; TypeError where the daemon does not answer */
export async function ask<R extends DaemonRoute>(route: R, body: DaemonRequest<R>): Promise<DaemonResponse<R>> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const response = await fetch(paths[route], { method: 'POST', headers, body: JSON.stringify(body) })
  const answer = await response.json()
  if (response.ok) return answer
  const refusal: Refusal = answer.error
  throw new Refused(refusalWords(refusal))
}

export function wordsOf(error: unknown): RefusalWords {
  if (error instanceof Refused) return error.words
  const message = error instanceof Error ? error.message : String(error)
  return refusalWords(
    error instanceof TypeError ? { code: 'daemon-not-running', message, reasons: [] } : { code: 'page-fault', message, reasons: [] },
  )
}

/** A refusal as people see it: what, what to do, whom to ask, and the code to read out. */
export function refusalBox(words: RefusalWords): HTMLElement {
  return element(
    'div',
    { class: 'refusal', role: 'alert' },
    prose({ class: 'what' }, words.sentence),
    prose({}, [words.nextStep, words.ask].filter((text) => text !== '').join(' ')),
    element('p', { class: 'code' }, words.code),
  )
}
