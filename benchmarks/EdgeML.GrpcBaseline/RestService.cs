using Grpc.Core;

namespace EdgeML.GrpcBaseline;

/// <summary>A unary call a request.</summary>
sealed class RestService(RestNetwork network) : Rest.RestBase
{
    public override async Task<Answer> Finish(CutTensor request, ServerCallContext context)
    {
        if (request.Values.Length != network.InputBytes)
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"{request.Values.Length} bytes, the input takes {network.InputBytes}"));
        return new Answer { Logits = await network.RunAsync(request.Values, context.CancellationToken) };
    }
}
