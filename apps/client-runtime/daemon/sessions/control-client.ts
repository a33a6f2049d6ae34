// SPDX-License-Identifier: Apache-2.0
import { request } from 'node:http'
import { type Observation, observation } from '@casemate/policy/compliance'
import type { LaunchPlan } from '@casemate/policy/launch-plan'
import { z } from 'zod'
import {
  type FolderList,
  folderList,
  type GuestInfoView,
  guestInfoView,
  type MediumChange,
  type NetworkView,
  networkView,
  type SessionEvent,
  type SessionPicture,
  type SessionRequest,
  type SessionStats,
  type SessionView,
  type SnapshotList,
  sessionEvent,
  sessionPicture,
  sessionStats,
  sessionView,
  snapshotList,
  type UsbChange,
  type ViewerAddress,
  viewerAddress,
} from '../../local-api.ts'
import type { CodedError } from '../../session-host/coded-error.ts'
import { MediumError, mediumErrorCodes } from '../../session-host/medium-error.ts'
import { SnapshotError, snapshotErrorCodes } from '../../session-host/snapshots/error.ts'
import { UsbError, usbErrorCodes } from '../../session-host/usb/error.ts'

const thumbnail = z.strictObject({ png: z.base64().nullable() })
const said = <Code extends string, Kind extends CodedError<Code>>(
  codes: readonly [Code, ...Code[]],
  kind: new (code: Code, message: string) => Kind,
) => z.strictObject({ code: z.enum(codes), message: z.string() }).transform(({ code, message }) => new kind(code, message))
const refusal = z.union([said(snapshotErrorCodes, SnapshotError), said(mediumErrorCodes, MediumError), said(usbErrorCodes, UsbError)])

const LARGEST_ANSWER = 16 * 1024 * 1024

/** The daemon's side of a session host's control door. Calls reject with the error of node:http or with what the host said. */
export class ControlClient {
  readonly #socket: string

  /** @param socket path of the control door */
  constructor(socket: string) {
    this.#socket = socket
  }

  async view(): Promise<SessionView> {
    return sessionView.parse(await this.#call('GET', '/session'))
  }

  /** Null while the session has no VM. */
  async observation(): Promise<Observation | null> {
    return observation.nullable().parse(await this.#call('GET', '/observation'))
  }

  /** Null while the session has no VM. */
  async stats(): Promise<SessionStats | null> {
    return sessionStats.nullable().parse(await this.#call('GET', '/stats'))
  }

  /** As the session host's plan allows it. */
  async picture(): Promise<SessionPicture> {
    return sessionPicture.parse(await this.#call('GET', '/picture'))
  }

  /** Null while the session has no card. */
  async network(): Promise<NetworkView | null> {
    return networkView.nullable().parse(await this.#call('GET', '/network'))
  }

  /** Where the session's page is, and the token it takes. */
  async viewer(): Promise<ViewerAddress> {
    return viewerAddress.parse(await this.#call('GET', '/viewer'))
  }

  /** @param now Unix seconds on the daemon's verified clock */
  async heartbeat(now: number): Promise<SessionView> {
    return sessionView.parse(await this.#call('POST', '/heartbeat', { now }))
  }

  async replan(plan: LaunchPlan): Promise<SessionView> {
    return sessionView.parse(await this.#call('PUT', '/plan', plan))
  }

  async ask(what: SessionRequest): Promise<SessionView> {
    return sessionView.parse(await this.#call('POST', `/requests/${what}`))
  }

  /** @throws MediumError as the session host says */
  async changeMedium(change: MediumChange): Promise<SessionView> {
    return sessionView.parse(await this.#call('PUT', '/media', change))
  }

  /** @throws UsbError as the session host says */
  async changeUsb(change: UsbChange): Promise<SessionView> {
    return sessionView.parse(await this.#call('PUT', '/usb', change))
  }

  /** Has it take up which folders the user gives the guest; null where it has nothing that serves them now. */
  async readFolders(): Promise<FolderList | null> {
    return folderList.nullable().parse(await this.#call('POST', '/folders'))
  }

  /** Has it take up what the user tells the guest; null as above. */
  async readGuestInfo(): Promise<GuestInfoView | null> {
    return guestInfoView.nullable().parse(await this.#call('POST', '/guest-info'))
  }

  /** @throws SnapshotError as the session host says; so do the next four. */
  async snapshots(): Promise<SnapshotList> {
    return snapshotList.parse(await this.#call('GET', '/snapshots'))
  }

  /** @param now Unix seconds on the daemon's verified clock */
  async takeSnapshot(name: string, now: number): Promise<SnapshotList> {
    return snapshotList.parse(await this.#call('POST', '/snapshots', { name, now }))
  }

  async renameSnapshot(id: string, name: string): Promise<SnapshotList> {
    return snapshotList.parse(await this.#call('PUT', `/snapshots/${id}`, { name }))
  }

  async deleteSnapshot(id: string): Promise<SnapshotList> {
    return snapshotList.parse(await this.#call('DELETE', `/snapshots/${id}`))
  }

  /** Resolves once the session has come up from it, or is blocked. */
  async revert(id: string): Promise<SessionView> {
    return sessionView.parse(await this.#call('POST', `/snapshots/${id}/revert`))
  }

  /** Null: the screen did not show itself. */
  async thumbnail(id: string): Promise<Buffer | null> {
    const { png } = thumbnail.parse(await this.#call('GET', `/snapshots/${id}/thumbnail`))
    return png === null ? null : Buffer.from(png, 'base64')
  }

  /** Waits up to 25 s for an event after `seq`. */
  async events(seq: number): Promise<readonly SessionEvent[]> {
    return z.array(sessionEvent).parse(await this.#call('GET', `/events?after=${seq}`))
  }

  #call(method: string, path: string, body?: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' }
      const call = request({ socketPath: this.#socket, method, path, headers }, (response) => {
        const parts: Buffer[] = []
        let length = 0
        response.on('data', (part: Buffer) => {
          length += part.length
          if (length > LARGEST_ANSWER) call.destroy(new Error(`${method} ${path}: the answer is larger than ${LARGEST_ANSWER} bytes`))
          parts.push(part)
        })
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(parts).toString()
          if (response.statusCode !== 200) reject(refusalOf(text) ?? new Error(`${method} ${path}: ${response.statusCode} ${text}`))
          else resolve(JSON.parse(text))
        })
      })
      call.on('error', reject)
      call.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }
}

function refusalOf(text: string): SnapshotError | MediumError | UsbError | null {
  try {
    return refusal.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
