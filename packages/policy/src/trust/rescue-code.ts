// SPDX-License-Identifier: Apache-2.0
//
// PO-22 without a network: codes to be read out on the telephone. A lease carries commitments to them; whoever shows a code that fits one
// has been helped by the console's key. A code of 100 bits cannot be guessed, so nothing here counts tries.
import { z } from 'zod'
import { PolicyError } from '../error.ts'
import { instant, overrideId, sha256Text, slug, thumbprintText } from '../model/names.ts'
import { encodeBase64url } from './base64url.ts'
import { sha256, sha256Hex } from './sha256.ts'

/** What a code can mend: the end of an instance, too long without contact, too many wrong passwords. In the order of the checks. */
export const rescueProblem = z.enum(['expired', 'offline', 'locked'])
export type RescueProblem = z.infer<typeof rescueProblem>

/** Minutes from its use on, while the policy's own bounds hold; a lock is lifted once. */
const timed = z.strictObject({ minutes: z.int().min(1).max(527_040) })

export const rescueCommitment = z.discriminatedUnion('problem', [
  z.strictObject({ problem: z.literal('expired'), grant: timed, sha256: sha256Text }),
  z.strictObject({ problem: z.literal('offline'), grant: timed, sha256: sha256Text }),
  z.strictObject({ problem: z.literal('locked'), grant: z.null(), sha256: sha256Text }),
])
export type RescueCommitment = z.infer<typeof rescueCommitment>

/** A code that was used: what decisions take beside overrides, in the same members. A lock is lifted at once and leaves nothing. */
export const rescue = z.strictObject({
  ...{ iss: slug, sub: slug, cnf: z.strictObject({ jkt: thumbprintText }), id: overrideId, desktop: slug },
  ...{ kind: z.literal('rescue'), problem: z.enum(['expired', 'offline']), iat: instant, exp: instant },
})
export type Rescue = z.infer<typeof rescue>

/** What the help desk must know to find the code. */
export interface RescueRequest {
  readonly device: string
  /** Of the lease. */
  readonly seq: number
  readonly problem: RescueProblem
}

// Crockford's base32: no I, L, O and U.
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const codeLetters = 20

/** Twenty letters out of the first 100 bits, in groups of five. @param bytes 13 or more. */
export function writeRescueCode(bytes: Uint8Array): string {
  return inGroups(base32(bytes, codeLetters))
}

/** `laptop-1/40/offline/7K`: the last two letters find what was misheard. */
export async function writeRescueRequest(request: RescueRequest): Promise<string> {
  const text = requestText(request)
  return `${text}/${await checkLetters(text)}`
}

/** However it was typed. @throws PolicyError `rescue-request-invalid` */
export async function readRescueRequest(typed: string): Promise<RescueRequest> {
  const [device, seq, problem, check, ...more] = typed
    .trim()
    .toLowerCase()
    .split(/\s*[/\s]\s*/)
  const parsed = z
    .strictObject({ device: slug, seq: z.string().regex(/^[1-9][0-9]{0,14}$/), problem: rescueProblem })
    .safeParse({ device, seq, problem })
  if (!parsed.success || more.length > 0) {
    throw new PolicyError('rescue-request-invalid', 'expected device, number, problem and two letters, such as `laptop-1/40/offline/7K`')
  }
  const request = { ...parsed.data, seq: Number(parsed.data.seq) }
  if (plain(check ?? '') !== (await checkLetters(requestText(request)))) {
    throw new PolicyError('rescue-request-invalid', 'the last two letters do not fit the rest: something was misheard or mistyped')
  }
  return request
}

/** What a lease carries of a code; of another device, lease or problem the same code has another one. @throws PolicyError `rescue-code-invalid` */
export async function rescueDigest(request: RescueRequest, code: string): Promise<string> {
  const letters = plain(code)
  if (letters.length !== codeLetters || [...letters].some((letter) => !alphabet.includes(letter))) {
    throw new PolicyError('rescue-code-invalid', `expected a code of ${codeLetters} letters and digits`)
  }
  return await sha256Hex(new TextEncoder().encode(`casemate-rescue-1 ${requestText(request)} ${letters}`))
}

/**
 * The commitment of the device's lease that this code fits.
 * @param wasUsed by the commitment's SHA-256.
 * @throws PolicyError `rescue-code-invalid` (not a code), `rescue-code-wrong` (of another device, lease or problem, or of nothing),
 * `rescue-code-used`.
 */
export async function verifyRescueCode(
  code: string,
  problem: RescueProblem,
  lease: { readonly sub: string; readonly seq: number; readonly rescue: readonly RescueCommitment[] },
  wasUsed: (sha256: string) => boolean,
): Promise<RescueCommitment> {
  const digest = await rescueDigest({ device: lease.sub, seq: lease.seq, problem }, code)
  const found = lease.rescue.find((commitment) => commitment.problem === problem && commitment.sha256 === digest)
  if (found === undefined)
    throw new PolicyError('rescue-code-wrong', `this code does not belong to the request \`${lease.sub}/${lease.seq}/${problem}\``)
  if (wasUsed(digest)) throw new PolicyError('rescue-code-used', 'this code was used before; ask for another one')
  return found
}

/**
 * What a code that was used at `at` does for one desktop; null: nothing that lasts.
 * @param lease that carried its commitment.
 */
export function rescueBy(
  commitment: RescueCommitment,
  { iss, sub, cnf }: { readonly iss: string; readonly sub: string; readonly cnf: { readonly jkt: string } },
  desktop: string,
  at: number,
): Rescue | null {
  if (commitment.problem === 'locked') return null
  const { problem, grant, sha256: digest } = commitment
  const id = encodeBase64url(Uint8Array.from(digest.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)).subarray(0, 16))
  return { iss, sub, cnf, id, desktop, kind: 'rescue', problem, iat: at, exp: at + grant.minutes * 60 }
}

const requestText = ({ device, seq, problem }: RescueRequest): string => `${device}/${seq}/${problem}`

async function checkLetters(text: string): Promise<string> {
  return base32(await sha256(new TextEncoder().encode(`casemate-rescue-request-1 ${text}`)), 2)
}

/** The first `letters` times five bits. */
function base32(bytes: Uint8Array, letters: number): string {
  let text = ''
  for (let at = 0; at < letters * 5; at += 5) {
    const pair = ((bytes[at >> 3] ?? 0) << 8) | (bytes[(at >> 3) + 1] ?? 0)
    text += alphabet.charAt((pair >> (11 - (at & 7))) & 0x1f)
  }
  return text
}

const inGroups = (letters: string): string => letters.replace(/(.{5})(?=.)/g, '$1-')

/** As Crockford reads it: case, blanks and hyphens do not matter, O is 0, I and L are 1. */
function plain(typed: string): string {
  return typed.replace(/[\s-]/g, '').toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1')
}
