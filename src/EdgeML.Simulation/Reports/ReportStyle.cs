namespace EdgeML.Simulation.Reports;

/// <summary>The report's style sheet: light and dark by the reader's setting, no font or script from elsewhere.</summary>
static class ReportStyle
{
    public const string Css = """
        :root { color-scheme: light dark; --page: #fbfbfa; --card: #ffffff; --ink: #1c2024; --soft: #60646c; --rule: #e4e4e2;
          --shown: #0b68cb;
          --oracle: #18794e; --cold: #ad5700; --edge: #8e4ec6; --tail: #ca244d; --fixed: #6f6e77; --met: #0b68cb; --missed: #dc3e42;
          --good: transparent; --fair: #f1f1ef; --busy: #fbf0dc; --poor: #e9e6f3; --outage: #f7dfe0; --exit1: #bfdcf7; --exit2: #7cb5ec;
          --exit3: #3a83d0; --exit4: #114f93; }
        @media (prefers-color-scheme: dark) { :root { --page: #141517; --card: #1b1d20; --ink: #ececee; --soft: #a0a4ab; --rule: #2e3135;
          --shown: #6db3ff;
          --oracle: #55c08f; --cold: #f0a04b; --edge: #c39af0; --tail: #ff7d95; --fixed: #9b9ba5; --met: #6db3ff; --missed: #ff6b6f;
          --good: transparent; --fair: #24272a; --busy: #36301f; --poor: #2b2838; --outage: #3d2427; --exit1: #173a5e; --exit2: #1f5c9c;
          --exit3: #4592dc; --exit4: #a8d3ff; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink);
          font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
        main { max-width: 1040px; margin: 0 auto; padding: 32px 20px 64px; }
        h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; letter-spacing: -0.01em; }
        h2 { font-size: 16px; margin: 0 0 2px; }
        p { margin: 0 0 8px; }
        .soft { color: var(--soft); }
        code { font: 13px ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
        section { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 18px 20px 12px; margin: 16px 0; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
        caption { text-align: left; color: var(--soft); padding: 0 0 6px; }
        th, td { text-align: right; padding: 6px 8px; border-bottom: 1px solid var(--rule); }
        td { white-space: nowrap; }
        thead th { font-weight: 500; color: var(--soft); font-size: 13px; line-height: 1.3; vertical-align: bottom; }
        tbody tr:last-child > * { border-bottom: 0; }
        th:first-child { text-align: left; font-weight: 400; }
        thead th:first-child { font-weight: 500; }
        small { color: var(--soft); display: block; line-height: 1.3; font-size: 12px; }
        tr.first > * { font-weight: 600; } tr.first small { font-weight: 400; }
        .dense { font-size: 13px; } .dense th, .dense td { padding: 4px 5px; white-space: normal; }
        .dense td:nth-of-type(2) { text-align: left; min-width: 170px; }
        details { overflow-x: auto; } summary { cursor: pointer; }
        .bar { display: inline-block; width: 90px; height: 8px; margin-right: 8px; background: var(--rule); border-radius: 4px;
          overflow: hidden; vertical-align: 1px; }
        .share { display: inline-block; min-width: 58px; }
        .bar i { display: block; height: 100%; background: currentColor; }
        .swatch { display: inline-block; width: 14px; height: 12px; margin: 0 6px -1px 0; border-radius: 2px; }
        .sample { width: 36px; height: 12px; margin: 0 6px -1px 0; }
        .legend { display: flex; flex-wrap: wrap; gap: 2px 18px; font-size: 13px; margin: 6px 0 0; color: var(--soft); }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin: 6px 0; }
        dt { color: var(--soft); }
        dd { margin: 0; overflow-wrap: anywhere; }
        .chart svg { display: block; width: 100%; height: auto; font: 11px system-ui, "Segoe UI", Roboto, Arial, sans-serif; }
        .narrow { display: none; }
        svg text { fill: var(--soft); }
        .end { text-anchor: end; }
        .middle { text-anchor: middle; }
        .phase { fill: var(--ink); }
        .grid { stroke: var(--rule); stroke-width: 1; }
        .change { stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 4 3; }
        .line { fill: none; stroke-width: 1.4; stroke-linejoin: round; }
        .bound { stroke: var(--missed); stroke-width: 1.4; stroke-dasharray: 6 3; }
        .link { stroke: var(--ink); stroke-width: 1.6; }
        .shown { stroke: var(--shown); color: var(--shown); }
        .line.shown { stroke-width: 2.2; }
        .mark { fill: none; stroke-width: 1.6; }
        .missed { fill: none; stroke: var(--missed); stroke-width: 1.6; }
        .line.row1 { stroke-dasharray: 8 3; } .line.row2 { stroke-dasharray: 2 3; } .line.row3 { stroke-dasharray: 8 3 2 3; }
        .line.row4 { stroke-dasharray: 4 3; } .line.row5 { stroke-dasharray: 12 4; }
        .row1 { stroke: var(--cold); color: var(--cold); }
        .row2 { stroke: var(--edge); color: var(--edge); }
        .row3 { stroke: var(--tail); color: var(--tail); }
        .row4 { stroke: var(--fixed); color: var(--fixed); }
        .row5 { stroke: var(--oracle); color: var(--oracle); }
        .dot.met { fill: var(--met); }
        .threshold1 { stroke: var(--exit4); stroke-dasharray: 1.5 3; }
        .threshold2 { stroke: var(--exit4); stroke-dasharray: 6 3; }
        .threshold3 { stroke: var(--exit4); }
        .exit1 { fill: var(--exit1); background: var(--exit1) !important; }
        .exit2 { fill: var(--exit2); background: var(--exit2) !important; }
        .exit3 { fill: var(--exit3); background: var(--exit3) !important; }
        .exit4 { fill: var(--exit4); background: var(--exit4) !important; }
        .band.good { fill: var(--good); }
        .band.fair { fill: var(--fair); }
        .band.busy { fill: var(--busy); }
        .band.poor { fill: var(--poor); }
        .band.outage { fill: var(--outage); }
        .box.good { border: 1px solid var(--rule); }
        .box.fair { background: var(--fair); }
        .box.busy { background: var(--busy); }
        .box.poor { background: var(--poor); }
        .box.outage { background: var(--outage); }
        @media (max-width: 720px) {
          main { padding: 20px 12px 40px; } section { padding: 14px 12px 10px; } h1 { font-size: 21px; }
          .wide { display: none; } .narrow { display: block; }
          table, caption, tbody, tr, th, td { display: block; } thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px;
          overflow: hidden; }
          tbody tr { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); column-gap: 16px; font-size: 13px; padding: 8px 0; border-bottom: 1px solid var(--rule); }
          tbody tr:last-child { border-bottom: 0; }
          tbody tr > *, .dense th, .dense td { padding: 1px 0; border-bottom: 0; }
          tbody th { grid-column: 1 / -1; font-size: 15px; }
          td { display: flex; justify-content: space-between; gap: 8px; text-align: right; }
          td::before { content: attr(data-head); color: var(--soft); font-weight: 400; text-align: left; white-space: normal; }
          td:has(.bar), .dense td:nth-of-type(2) { grid-column: 1 / -1; } .bar { flex: 1; align-self: center; } .share { min-width: 50px; }
          dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 6px; }
        }
        @media print { section { break-inside: avoid; } }
        """;
}
