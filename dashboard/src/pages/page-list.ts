import { type ComponentType, type LazyExoticComponent, lazy } from 'react'
import { PageNotLoaded } from './page-failure.tsx'

export interface Viewer {
  admin: boolean
  account: { id: string; name: string; currency: string } | null
}

export interface Page {
  /** Below /dashboard. */
  path: string
  title: string
  adminOnly: boolean
  /** A chunk of its own, loaded when it is opened first. */
  View: LazyExoticComponent<View>
}

type View = ComponentType<{ viewer: Viewer }>

function pageOf(load: () => Promise<View>): LazyExoticComponent<View> {
  return lazy(async () => {
    try {
      return { default: await load() }
    } catch (error) {
      throw new PageNotLoaded({ cause: error })
    }
  })
}

const overview = pageOf(async () => (await import('./overview/overview.tsx')).Overview)

const keys = pageOf(async () => (await import('./keys/keys.tsx')).Keys)

const alerts = pageOf(async () => (await import('./alerts/alerts.tsx')).Alerts)

const explore = pageOf(async () => (await import('./explore/explore.tsx')).Explore)

const billing = pageOf(async () => (await import('./billing/billing.tsx')).Billing)

const calendar = pageOf(async () => (await import('./calendar/calendar.tsx')).Calendar)

const admin = pageOf(async () => (await import('./admin/admin.tsx')).Admin)

const analytics = pageOf(async () => (await import('./analytics/analytics.tsx')).Analytics)

/** In the order of the navigation. A new page is an entry here and a folder beside it. */
export const pages: readonly Page[] = [
  { path: '/', title: 'Overview', adminOnly: false, View: overview },
  { path: '/keys', title: 'Keys', adminOnly: false, View: keys },
  { path: '/alerts', title: 'Alerts', adminOnly: false, View: alerts },
  { path: '/billing', title: 'Billing', adminOnly: false, View: billing },
  { path: '/calendar', title: 'Tax calendar', adminOnly: false, View: calendar },
  { path: '/explore', title: 'Explore', adminOnly: false, View: explore },
  { path: '/analytics', title: 'Analytics', adminOnly: false, View: analytics },
  { path: '/admin', title: 'Admin', adminOnly: true, View: admin },
]
