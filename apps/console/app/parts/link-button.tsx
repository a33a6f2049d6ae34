'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, type ButtonProps } from '@mantine/core'
import Link from 'next/link'
import type { ReactNode } from 'react'

/** A link that looks like a button. */
export function LinkButton({ href, children, ...look }: ButtonProps & { readonly href: string; readonly children: ReactNode }) {
  return (
    <Button component={Link} href={href} {...look}>
      {children}
    </Button>
  )
}
