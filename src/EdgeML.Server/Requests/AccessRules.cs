using System.Diagnostics;
using EdgeML.Native.Offload.Wire;
using EdgeML.Server.Configuration;

namespace EdgeML.Server.Requests;

/// <summary>The right to use the server, and its limits. Any thread.</summary>
/// <param name="rules">By identity; "*" is every other one. Null: every client may, without limits.</param>
sealed class AccessRules(IReadOnlyDictionary<string, IdentityRule>? rules)
{
    static readonly IdentityRule s_unlimited = new();

    readonly Dictionary<string, Client> _clients = [];
    IReadOnlyDictionary<string, IdentityRule>? _rules = rules;

    /// <summary>Replaces the rules. <see cref="Refresh"/> follows for every connection.</summary>
    public void Set(IReadOnlyDictionary<string, IdentityRule>? changed)
    {
        lock (_clients)
        {
            _rules = changed;
            foreach ((string identity, Client client) in _clients)
                if (RuleOf(identity) is { } rule) client.Rule = rule;
        }
    }

    /// <summary>Finds the rights of an identity.</summary>
    /// <param name="identity">From its certificate; null for none.</param>
    /// <param name="refusal">Why it may not; null where it may.</param>
    public Client? Find(string? identity, out string? refusal)
    {
        lock (_clients)
        {
            IdentityRule? rule = RuleOf(identity);
            refusal = rule is null ? Refusal(identity) : null;
            if (rule is null) return null;
            if (identity is null) return new Client(rule);
            if (!_clients.TryGetValue(identity, out Client? client)) _clients[identity] = client = new Client(rule);
            return client;
        }
    }

    /// <summary>Gives a client that was found earlier the rights in force.</summary>
    /// <returns>Why it may not use the server any more; null where it may.</returns>
    public string? Refresh(Client client, string? identity)
    {
        lock (_clients)
        {
            if (RuleOf(identity) is not { } rule) return Refusal(identity);
            client.Rule = rule;
            return null;
        }
    }

    /// <summary>The rule of an identity, null for none; null where it has no rights.</summary>
    IdentityRule? RuleOf(string? identity)
    {
        if (_rules is not { } all) return s_unlimited;
        return (identity is not null && all.TryGetValue(identity, out IdentityRule? rule)) || all.TryGetValue(IdentityRule.Others, out rule)
            ? rule : null;
    }

    static string Refusal(string? identity) =>
        $"identity {(identity is null ? "none" : Printable.Text(identity))} is not on the list of this server";

    /// <summary>One identity over all its connections, or one connection without an identity.</summary>
    public sealed class Client(IdentityRule rule)
    {
        readonly Lock _gate = new();
        volatile IdentityRule _rule = rule;
        long _refilled = Stopwatch.GetTimestamp();
        double _tokens = Burst(rule);
        int _inFlight;

        /// <summary>Its rights; those that change hold from the next request on.</summary>
        public IdentityRule Rule
        {
            get => _rule;
            set
            {
                _rule = value;
                Flow.Weight = value.Weight;
            }
        }

        /// <summary>Its requests that wait.</summary>
        public DeviceFlow Flow { get; } = new(rule.Weight);

        public bool MayUse(string model) => _rule.Models.Count == 0 || _rule.Models.Contains(model);

        /// <summary>Takes a place for a request; <see cref="Leave"/> follows.</summary>
        /// <returns>Null, or why there is none.</returns>
        public string? TryEnter()
        {
            IdentityRule rule = _rule;
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
