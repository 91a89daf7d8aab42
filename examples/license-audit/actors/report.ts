import { type Finding, flagged, kinds } from './finding.ts'

/** The report for programs. */
export function reportJson(findings: readonly Finding[], date: string): string {
  return `${JSON.stringify({ date, packages: findings.length, flagged: findings.filter(flagged).length, findings }, null, 2)}\n`
}

/** The report for people. */
export function reportHtml(findings: readonly Finding[], date: string): string {
  return `<!doctype html><title>${date}</title>${kinds.length}${findings.length}`
}
