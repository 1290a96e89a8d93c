using EdgeML.Native.Codecs;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Wire;
using EdgeML.Server.Requests;

namespace EdgeML.Server.Connections;

/// <summary>Decides about a request by its header, before its payload is received. Any thread.</summary>
static class RequestAdmission
{
    /// <summary>Whether the model has what the request asks for.</summary>
    /// <param name="model">The client's.</param>
    /// <param name="request">As received.</param>
    /// <param name="payloadBytes">That follow it.</param>
    /// <param name="encodings">A bit per encoding that was agreed on.</param>
    /// <exception cref="InvalidDataException">It has not: the connection ends.</exception>
    public static void Check(ServedModel model, in RequestHeader request, int payloadBytes, int encodings)
    {
        int expected = model.PayloadBytes(request.Policy, request.Encoding);
        if (expected < 0)
            throw new InvalidDataException(
                $"cut {request.Policy.Cut} in encoding {(int)request.Encoding}{Numbered(request)} does not exist in model {model.Manifest.Name}");
        if ((encodings >> (int)request.Encoding & 1) == 0)
            throw new InvalidDataException("client sends by a bottleneck, but holds others than the tail");
        if (expected != payloadBytes)
            throw new InvalidDataException($"cut {request.Policy.Cut} in {request.Encoding} takes {expected} bytes, the payload has {payloadBytes}");
        if (request.Policy.Exits != model.Manifest.SideExits)
            throw new InvalidDataException(
                $"request has {request.Policy.Exits} thresholds, the model has {model.Manifest.SideExits} side exits");
        ExitStreak streak = request.Streak;
        if (streak.Length == 0) return;
        int before = ExitStreak.ExitsBefore(model.Manifest, request.Policy.Cut), most = Math.Min(before, model.Manifest.ExitRule.Patience - 1);
        if (streak.Length > most || streak.Class >= model.Manifest.Classes)
            throw new InvalidDataException(
                $"request has {streak.Length} exits that agree on class {streak.Class}, model {model.Manifest.Name} has {model.Manifest.Classes} classes and "
                + $"at most {most} such exits before cut {request.Policy.Cut}");
    }

    /// <summary>Refuses a request before anything is taken for it, or takes memory, a place and the client's share.</summary>
    /// <param name="services">Of the server.</param>
    /// <param name="model">The client's.</param>
    /// <param name="client">Whose request it is.</param>
    /// <param name="request">Checked.</param>
    /// <param name="deadlineMs">Left to answer it.</param>
    /// <param name="bytes">Of its payload.</param>
    /// <param name="job">With memory for the payload; null where it is refused.</param>
    /// <param name="text">Why it is refused, where the code does not say it all.</param>
    /// <returns>0 for a request that is admitted.</returns>
    public static ErrorCode Decide(
        ConnectionServices services, ServedModel model, AccessRules.Client client, in RequestHeader request, double deadlineMs, int bytes,
        out TailJob? job, out string text)
    {
        (job, text) = (null, "");
        double leastMs = model.LeastMs(request.Policy);
        if (leastMs > 0 && services.Compute.ExpectedWaitMs(client.Flow, leastMs) > deadlineMs) return ErrorCode.Late;
        if (services.Compute.InFlight >= services.Options.MaxRequests)
        {
            text = $"{services.Options.MaxRequests} requests are under way, the limit";
            return ErrorCode.Busy;
        }
        if (model.Staging.TryRent(bytes) is not { } payload)
        {
            text = $"payloads and answers take {services.Staging.Held} of {services.Staging.Most} bytes, this one has {bytes}";
            return ErrorCode.Busy;
        }
        if (model.TryRentJob() is not { } rented)
        {
            model.Staging.Return(payload);
            text = $"payloads and answers take {services.Staging.Held} of {services.Staging.Most} bytes, this answer needs {model.AnswerMemory}";
            return ErrorCode.Busy;
        }
        if (client.TryEnter() is { } limit)
        {
            rented.Row.Payload = payload;
            model.Return(rented);
            text = limit;
            return ErrorCode.Busy;
        }
        job = rented;
        job.Row.Payload = payload;
        services.Compute.Enter();
        return 0;
    }

    static string Numbered(in RequestHeader request) =>
        request.Encoding == TensorEncoding.Bottleneck ? $" by bottleneck {request.Policy.Bottleneck}" : "";
}
