// SPDX-License-Identifier: Apache-2.0

export interface Assignee {
  readonly subject: 'all' | 'device' | 'user' | 'group' | 'tag'
  /** Empty for `all`. */
  readonly value: string
}

export const subjects = [
  { value: 'all', label: 'everybody' },
  { value: 'user', label: 'a user' },
  { value: 'group', label: 'a group' },
  { value: 'tag', label: 'a tag' },
  { value: 'device', label: 'a device' },
] as const

/** `group staff` */
export const assigneeWords = ({ subject, value }: Assignee): string => (subject === 'all' ? 'everybody' : `${subject} ${value}`)

/** `demo 1` */
export const packageWords = ({ name, version }: { readonly name: string; readonly version: string }): string => `${name} ${version}`
