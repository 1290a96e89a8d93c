using System.Diagnostics;
using EdgeML.Native.Offload.Wire;
using EdgeML.Server.Configuration;

namespace EdgeML.Server.Requests;

/// <summary>The right to use the server, and its limits. Any thread.</summary>
/// <param name="rules">By identity; "*" is every other one. Null: every client may, without limits.</param>
sealed class AccessRules(IReadOnlyDictionary<string, IdentityRule>? rules)
{
    readonly Dictionary<string, Client> _clients = [];

    /// <summary>Finds the rights of an identity.</summary>
    /// <param name="identity">From its certificate; null for none.</param>
    /// <param name="refusal">Why it may not; null where it may.</param>
    public Client? Find(string? identity, out string? refusal)
    {
        refusal = null;
        if (rules is null && identity is null) return new Client(new IdentityRule());
        IdentityRule? rule = rules is null ? new IdentityRule() : null;
        if (rules is not null && !(identity is not null && rules.TryGetValue(identity, out rule)) && !rules.TryGetValue(IdentityRule.Others, out rule))
        {
            refusal = $"identity {(identity is null ? "none" : Printable.Text(identity))} is not on the list of this server";
            return null;
        }
        if (identity is null) return new Client(rule!);
        lock (_clients)
        {
            if (!_clients.TryGetValue(identity, out Client? client)) _clients[identity] = client = new Client(rule!);
            return client;
        }
    }

    /// <summary>One identity over all its connections, or one connection without an identity.</summary>
    public sealed class Client(IdentityRule rule)
    {
        readonly Lock _gate = new();
        long _refilled = Stopwatch.GetTimestamp();
        double _tokens = Burst(rule);
        int _inFlight;

        /// <summary>Its requests that wait.</summary>
        public DeviceFlow Flow { get; } = new(rule.Weight);

        public bool MayUse(string model) => rule.Models.Count == 0 || rule.Models.Contains(model);

        /// <summary>Takes a place for a request; <see cref="Leave"/> follows.</summary>
        /// <returns>Null, or why there is none.</returns>
        public string? TryEnter()
        {
            lock (_gate)
            {
                if (_inFlight >= rule.MaxInFlight) return $"{rule.MaxInFlight} requests of this identity are under way, its limit";
                if (double.IsFinite(rule.RequestsPerSecond))
                {
                    long now = Stopwatch.GetTimestamp();
                    double added = Stopwatch.GetElapsedTime(_refilled, now).TotalSeconds * rule.RequestsPerSecond;
                    _tokens = Math.Min(Burst(rule), _tokens + added);
                    _refilled = now;
                    if (_tokens < 1) return $"this identity may send {rule.RequestsPerSecond} requests per second";
                    _tokens--;
                }
                _inFlight++;
                return null;
            }
        }

        public void Leave()
        {
            lock (_gate) _inFlight--;
        }

        // The requests of one second may come at once.
        static double Burst(IdentityRule rule) => Math.Max(1, rule.RequestsPerSecond);
    }
}
