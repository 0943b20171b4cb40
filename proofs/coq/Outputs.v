(** T-OUT: the obligation of a claim, and that it implies the claim. *)
From Coq Require Import Reals QArith Qreals List Lra Lia.
From Certify Require Import Language OutputClaim.
Import ListNotations.
Local Open Scope R_scope.

(** Differences of the value and its bounds, which lose nothing where they are exact. *)
Definition output_obligations (c : output_claim) : list obligation :=
  match low_bound c, high_bound c with
  | Some l, Some u => [Obligation (inputs c) (measured c ++ [Const l; Sub 1 0; Const u; Sub 0 3])
                        (And (Defined 4) (And (Nonnegative 2) (Nonnegative 0)))]
  | Some l, None => [Obligation (inputs c) (measured c ++ [Const l; Sub 1 0]) (And (Defined 2) (Nonnegative 0))]
  | None, Some u => [Obligation (inputs c) (measured c ++ [Const u; Sub 0 1]) (And (Defined 2) (Nonnegative 0))]
  | None, None => [Obligation (inputs c) (measured c) (Defined 0)]
  end.

Theorem bounded_if_hold c : (forall o, In o (output_obligations c) -> holds o) -> bounded c.
Proof.
  intros H x X t T. unfold output_obligations in H.
  assert (App : forall p q e, run x t (p ++ q) e = run x t q (run x t p e)) by (induction p; intros; simpl; auto).
  assert (Hd : forall e : list vector, nth 0 e [] = hd [] e) by (intros [|]; reflexivity).
  destruct (low_bound c) as [l|], (high_bound c) as [u|]; specialize (H _ (or_introl eq_refl) x X t T); cbn [program goal truth] in H;
    rewrite ?App in H; cbn [run evaluate nth] in H; rewrite ?Hd in H;
    repeat match goal with H : _ /\ _ |- _ => destruct H | H : exists _, _ |- _ => destruct H end;
    repeat match goal with E : hd _ _ = _ |- _ => rewrite E in *; clear E end; unfold zip in *; simpl in *;
    repeat match goal with E : [_] = [_] |- _ => inversion E; clear E end; subst;
    eexists; (split; [reflexivity|]); simpl; split; auto; lra.
Qed.
