/** The looks of the report. */
export const style = `
:root { color-scheme: light dark; --text: #1d2430; --soft: #5d6878; --line: #e2e6ec; --page: #fff; --card: #f6f7f9;
  --permissive: #2f8f5b; --weak-copyleft: #b7791f; --strong-copyleft: #c2410c; --unclear: #6b5bc2; --none: #c02637; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e8ee; --soft: #98a3b3; --line: #2c333d; --page: #14181d; --card: #1d232a;
  --permissive: #4cbf82; --weak-copyleft: #e0a63c; --strong-copyleft: #f0824a; --unclear: #a094ee; --none: #f26d7b; } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem }
h1 { margin: 0; font-size: 1.9rem; letter-spacing: -.02em }
header p { max-width: 44rem; margin: .5rem 0 0; color: var(--soft) }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.15rem }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 1.75rem 0 0; padding: 0; list-style: none }
.tiles li { padding: .8rem 1rem; border-left: 4px solid var(--kind); border-radius: 6px; background: var(--card) }
.tiles b { display: block; font-size: 1.7rem; line-height: 1.2; font-variant-numeric: tabular-nums; color: var(--kind) }
.tiles .zero { --kind: var(--line); color: var(--soft) }
.tiles .zero b { color: var(--soft) }
.permissive { --kind: var(--permissive) } .weak-copyleft { --kind: var(--weak-copyleft) } .unclear { --kind: var(--unclear) }
.strong-copyleft { --kind: var(--strong-copyleft) } .none { --kind: var(--none) }
.scroll { overflow-x: auto } .scroll table { min-width: 38rem; table-layout: fixed }
table { width: 100%; border-collapse: collapse }
th { text-align: left; font-size: .8rem; font-weight: 600; color: var(--soft) }
th, td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
td { overflow-wrap: anywhere }
th:nth-child(1) { width: 34% } th:nth-child(3) { width: 9.5rem }
td span { color: var(--kind); font-weight: 600; white-space: nowrap }
small, em { color: var(--soft) }
.bars td { border: 0; padding: .15rem .75rem .15rem 0; white-space: nowrap }
.bars td:first-child { max-width: 20rem; overflow: hidden; text-overflow: ellipsis }
.bars .number { text-align: right; font-variant-numeric: tabular-nums }
.bars .bar { width: 60% }
.bars svg { display: block; width: 100%; height: .7rem; margin-top: .4rem; fill: var(--kind) }
.good { color: var(--permissive) }
footer { margin-top: 2.5rem; color: var(--soft) } a { color: inherit }
@media (max-width: 40rem) {
  .tiles li:last-child { grid-column: 1 / -1 }
  .scroll table { min-width: 0 }
  .scroll thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  .scroll tr { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 .75rem; padding: .55rem 0; border-bottom: 1px solid var(--line) }
  .scroll td { padding: 0; border: 0 } .scroll td:nth-child(1) { grid-area: 1 / 1 } .scroll td:nth-child(3) { grid-area: 1 / 2; text-align: right }
  .scroll td:nth-child(2), .scroll td:nth-child(4) { font-size: .9rem } .scroll td:nth-child(4) { color: var(--soft); text-align: right }
  .bars tr { display: grid; grid-template-columns: minmax(0, 1fr) auto; padding: .25rem 0 } .bars td { padding: 0; white-space: normal }
  .bars td:first-child { max-width: none } .bars .bar { grid-column: 1 / -1; width: auto } .bars svg { margin-top: .15rem }
}
`
