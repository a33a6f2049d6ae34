// SPDX-License-Identifier: Apache-2.0
import type { Right } from '../../src/access/actor.ts'

/** The whole console on one page; without the right, a page is not offered (the console itself refuses it). */
export const navigation: readonly { readonly href: string; readonly label: string; readonly right?: Right }[] = [
  { href: '/', label: 'Overview' },
  { href: '/desktops', label: 'Desktops' },
  { href: '/machines', label: 'Machines' },
  { href: '/packages', label: 'Packages' },
  { href: '/policies', label: 'Policies' },
  { href: '/releases', label: 'Releases' },
  { href: '/approvals', label: 'Approvals' },
  { href: '/devices', label: 'Devices' },
  { href: '/audit', label: 'Audit', right: 'audit:see' },
  { href: '/users', label: 'Users', right: 'user:manage' },
]

/** Whether `path` is the page of `href` or below it. */
export const isBelow = (path: string, href: string): boolean => (href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`))
