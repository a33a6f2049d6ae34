'use client'
// SPDX-License-Identifier: Apache-2.0
import { Anchor } from '@mantine/core'
import Link from 'next/link'
import type { ReactNode } from 'react'

export function TextLink({ href, children }: { readonly href: string; readonly children: ReactNode }) {
  return (
    <Anchor component={Link} href={href} fw={550} fz="inherit">
      {children}
    </Anchor>
  )
}
