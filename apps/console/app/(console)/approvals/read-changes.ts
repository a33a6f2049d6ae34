// SPDX-License-Identifier: Apache-2.0
import { diffPolicies, type PolicyDiff } from '@casemate/policy/diff'
import { PolicyError } from '@casemate/policy/error'
import { parsePolicy } from '@casemate/policy/policy'
import { parseRelease } from '@casemate/policy/release'
import { diffReleases, type ReleaseDiff } from '@casemate/policy/release-diff'

interface Document {
  readonly path: string
  /** Base64. */
  readonly bytes: string
}

export type Changes = { readonly kind: 'policy'; readonly diff: PolicyDiff } | { readonly kind: 'release'; readonly diff: ReleaseDiff }

/** What a document changes against a former one; null where there is none, or where they are not what their paths say: then the whole is shown. */
export function readChanges(former: Document | null, document: Document): Changes | null {
  if (former === null) return null
  const [old, next] = [former, document].map(({ bytes }) => Buffer.from(bytes, 'base64'))
  if (old === undefined || next === undefined) return null
  try {
    if (document.path.startsWith('policies/')) return { kind: 'policy', diff: diffPolicies(parsePolicy(old), parsePolicy(next)) }
    return document.path.startsWith('releases/') ? { kind: 'release', diff: diffReleases(parseRelease(old), parseRelease(next)) } : null
  } catch (error) {
    if (error instanceof PolicyError) return null
    throw error
  }
}
