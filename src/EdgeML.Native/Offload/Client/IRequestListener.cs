namespace EdgeML.Native.Offload.Client;

/// <summary>Watches over requests that belong to one task.</summary>
interface IRequestListener
{
    /// <summary>A request may have ended, or its alarm may have gone off: a hint to look, which may come too often. Any thread; must not
    /// block.</summary>
    void Told();
}
