using System.Diagnostics.CodeAnalysis;
using System.Text;
using EdgeML.Server.Http.Pages;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace EdgeML.Server.Http.Endpoints;

/// <summary>Answers one HTTP request.</summary>
sealed class StatusApplication(WatchedServers watched, MetricsEndpoint metrics, ILogger logger) : IHttpApplication<HttpContext>
{
    readonly StatusPage _page = new();

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    [SuppressMessage("Design", "CA1031", Justification = "a page that fails is answered so")]
    public async Task ProcessRequestAsync(HttpContext context)
    {
        try
        {
            await AnswerAsync(context).ConfigureAwait(false);
        }
        catch (Exception e) when (!context.RequestAborted.IsCancellationRequested)
        {
            logger.LogError("status page failed: {Error}", e.Message);
            if (!context.Response.HasStarted) context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        }
    }

    Task AnswerAsync(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            headers.Allow = "GET, HEAD";
            return WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "only GET and HEAD\n");
        }
        switch (context.Request.Path.Value)
        {
            case "/metrics": return metrics.WriteAsync(context);
            case "/healthz": return WriteAsync(context, StatusCodes.Status200OK, "alive\n");
            case "/readyz":
                string? why = watched.NotReady();
                return WriteAsync(context, why is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, $"{why ?? "ready"}\n");
            case "/":
                // Whatever got onto the page could load and run nothing.
                headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
                headers["Referrer-Policy"] = "no-referrer";
                bool refreshes = context.Request.QueryString.Value != StatusPage.StillQuery;
                return WriteAsync(context, StatusCodes.Status200OK, _page.Write(watched.Status(), DateTimeOffset.UtcNow, refreshes), "text/html; charset=utf-8");
            default: return WriteAsync(context, StatusCodes.Status404NotFound, "pages are /, /metrics, /healthz and /readyz\n");
        }
    }

    static Task WriteAsync(HttpContext context, int status, string text, string type = "text/plain; charset=utf-8")
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        context.Response.ContentLength = bytes.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(bytes).AsTask();
    }
}
