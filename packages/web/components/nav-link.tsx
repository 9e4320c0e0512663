"use client";
import Link from "next/link";
import { usePathname } from "next/navigation";
import type { ReactNode } from "react";

interface NavLinkProps {
  href: string;
  className: string;
  children: ReactNode;
}

/** A link of the header or footer that knows whether it leads to where one is. Nothing is fetched before it is pressed: there are many of them. */
export function NavLink({ href, className, children }: NavLinkProps) {
  const path = usePathname();
  const current = path === href ? "page" : path.startsWith(`${href}/`) ? true : undefined;
  return (
    <Link href={href} prefetch={false} aria-current={current} className={className}>
      {children}
    </Link>
  );
}
