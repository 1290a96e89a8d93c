namespace EdgeML.Server.Http.Pages;

/// <summary>The page's style sheet: light and dark by the reader's setting, no font or script from elsewhere.</summary>
static class PageStyle
{
    public const string Css = """
        :root { color-scheme: light dark; --page: #fbfbfa; --card: #ffffff; --ink: #1c2024; --soft: #60646c; --rule: #e4e4e2;
          --good: #18794e; --warn: #ad5700; }
        @media (prefers-color-scheme: dark) { :root { --page: #141517; --card: #1b1d20; --ink: #ececee; --soft: #a0a4ab; --rule: #2e3135;
          --good: #55c08f; --warn: #f0a04b; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink);
          font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
        main { max-width: 1040px; margin: 0 auto; padding: 24px 20px 48px; }
        h1 { font-size: 22px; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
        h2 { font-size: 17px; margin: 0 0 6px; overflow-wrap: anywhere; }
        p { margin: 0 0 8px; }
        a { color: inherit; }
        .soft { color: var(--soft); }
        .good { color: var(--good); font-weight: 600; } .warn { color: var(--warn); font-weight: 600; }
        code { font: 13px ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
        section { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 16px 20px; margin: 16px 0; }
        dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 10px 16px; margin: 0 0 12px; }
        dt { color: var(--soft); font-size: 13px; } dd { margin: 0; font-size: 18px; font-variant-numeric: tabular-nums; }
        meter { width: 100%; height: 8px; }
        table { border-collapse: collapse; width: 100%; margin: 14px 0 0; font-variant-numeric: tabular-nums; }
        caption { text-align: left; font-weight: 600; padding: 0 0 4px; }
        th, td { text-align: right; padding: 5px 8px; border-bottom: 1px solid var(--rule); vertical-align: top; overflow-wrap: anywhere; }
        thead th { font-weight: 500; color: var(--soft); font-size: 13px; line-height: 1.3; vertical-align: bottom; }
        th:first-child { text-align: left; font-weight: 400; padding-left: 0; }
        thead th:first-child { font-weight: 500; }
        tbody tr:last-child > * { border-bottom: 0; }
        @media (max-width: 720px) {
          main { padding: 16px 12px 32px; } section { padding: 12px; }
          table, caption, tbody, tr, th, td { display: block; }
          thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
          tbody tr { padding: 6px 0; border-bottom: 1px solid var(--rule); display: grid;
            grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); column-gap: 16px; }
          tbody tr:last-child { border-bottom: 0; }
          tbody tr > * { padding: 1px 0; border-bottom: 0; font-size: 13px; }
          tbody th { grid-column: 1 / -1; font-size: 15px; }
          td { display: flex; justify-content: space-between; gap: 8px; }
          td::before { content: attr(data-head); color: var(--soft); text-align: left; flex: none; }
        }
        """;
}
