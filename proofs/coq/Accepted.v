(** What a proof of the obligation [descent] says about trajectories of the claim. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Programs Tree Theorems Claims Descent.
Import ListNotations.
Local Open Scope R_scope.

(** * The environment at the end of the program *)

Lemma run_variables x t l : forall e,
  run x t (map Var l) e = rev (map (fun i => [nth_error x i]) l) ++ e.
Proof.
  induction l as [|i l IH]; intros e; simpl; auto. rewrite IH, <- app_assoc. reflexivity.
Qed.
Lemma variable_at (x : list R) m i (d : scalar) : (i < m)%nat ->
  hd d (nth (m - 1 - i) (rev (map (fun i => [nth_error x i]) (seq 0 m))) []) = nth_error x i.
Proof.
  intros L. rewrite rev_nth; rewrite map_length, seq_length; [|lia].
  replace (m - S (m - 1 - i))%nat with i by lia.
  rewrite (nth_indep _ [] [nth_error x O]) by (now rewrite map_length, seq_length).
  rewrite (map_nth (fun i => [nth_error x i])). now rewrite seq_nth.
Qed.
Lemma run_rows x t s e l : forall own, run x t (mapi_from (length own) (fun j r => Affine [r] j) l)
    (own ++ s :: e) =
  rev (map (fun r => [dot (fst r) s (Q2R (snd r))]) l) ++ own ++ s :: e.
Proof.
  induction l as [|r l IH]; intros own; simpl; auto.
  rewrite app_nth2 by lia. replace (length own - length own)%nat with O by lia. cbn [nth].
  rewrite <- app_assoc. simpl. exact (IH ([dot (fst r) s (Q2R (snd r))] :: own)).
Qed.

Lemma all_defined_some v l : all_defined v = Some l <-> v = map Some l.
Proof.
  revert l; induction v as [|a v IH]; intros l; simpl.
  - split; [intros H; inversion H; auto|]. destruct l; [auto|discriminate].
  - split.
    + destruct a as [x|]; [|discriminate]. destruct (all_defined v) as [l'|] eqn:E; [|discriminate].
      intros H; inversion H; subst. simpl. f_equal. now apply IH.
    + destruct l as [|x l]; [discriminate|]. simpl. intros H; inversion H; subst.
      now rewrite (proj2 (IH l) eq_refl).
Qed.
Lemma no_none (v : vector) : ~ In None v -> exists l, v = map Some l.
Proof.
  induction v as [|[x|] v IH]; intros H; simpl in *.
  - exists []. reflexivity.
  - destruct IH as [l ->]; [tauto|]. exists (x :: l). reflexivity.
  - tauto.
Qed.

(** The obligation, seen from the claim. *)
Theorem descent_meaning c x w : well_formed c = true -> holds (descent c) ->
  in_box (bounds c) x -> allowed c w -> exists v, value c x = Some v /\
    (Q2R (level c) < v \/ exists y, next c x w = Some y /\ stays (bounds c) x y /\
      (in_cube c x \/ exists u, value c y = Some u /\ 0 < v /\ 0 < (1 - Q2R (decay c)) * v - u)).
Proof.
  unfold well_formed. set (n := length (bounds c)). set (m := (n + length (others c))%nat).
  set (a := length (plant c)). set (b := length (lyapunov c)).
  intros Ok H X [Wb Wt]. rewrite !andb_true_iff in Ok.
  destruct Ok as [[[[[[Cp Cl] Nb] Out] Lo] Lr] Lc].
  apply Nat.ltb_lt in Nb. apply Nat.eqb_eq in Lo, Lr, Lc. rewrite forallb_forall in Out.
  assert (Lx : length x = n) by (symmetry; apply (Forall2_length _ _ _ X)).
  assert (Lw : length (fst w) = length (others c)) by (symmetry; apply (Forall2_length _ _ _ Wb)).
  set (z := x ++ fst w). assert (Lz : length z = m) by (unfold z; rewrite app_length; lia).
  set (t := fun k => if Nat.leb m k && Nat.ltb k (m + a) then snd w (k - m)%nat else fun _ : nat => 0).
  assert (Pt : proper t).
  { intros k i. unfold t. destruct (_ && _); [apply Wt|lra]. }
  assert (B : in_box (box (descent c)) z) by (apply Forall2_app; auto).
  specialize (H z B t Pt). unfold descent in H. cbn [program goal] in H. fold n m a b in H.
  set (count := length (rows (body c))) in *. rewrite !run_app in H.
  (* the variables, the plant, the value *)
  rewrite run_variables, app_nil_r in H.
  set (e0 := rev (map (fun i => [nth_error z i]) (seq 0 m))) in *.
  assert (L0 : length e0 = m) by (unfold e0; now rewrite rev_length, map_length, seq_length).
  assert (E1 : run z t (plugged (fun i => m - 1 - i)%nat 0 (plant c)) e0 =
    run z (snd w) (plant c) [] ++ e0).
  { pose proof (run_inside m z z t (fun i => m - 1 - i)%nat (plant c) [] e0 Cp
      (fun i L => variable_at z m i None L)) as E. cbn [length app] in E. rewrite E. f_equal.
    apply run_choice. intros k K. simpl in K. fold a in K. unfold later, t. rewrite L0.
    replace (Nat.leb m (k + m)) with true by (symmetry; apply Nat.leb_le; lia).
    replace (Nat.ltb (k + m) (m + a)) with true by (symmetry; apply Nat.ltb_lt; lia). simpl.
    f_equal. lia. }
  rewrite E1 in H. clear E1.
  set (p := run z (snd w) (plant c) []) in *.
  assert (Lp : length p = a) by (unfold p; rewrite run_length; simpl; lia).
  assert (V0 : forall y i, length y = n -> (i < n)%nat -> nth_error (y ++ fst w) i = nth_error y i)
    by (intros y i Ly L; apply nth_error_app1; lia).
  assert (Zero : forall k, (m + a <= k)%nat -> t k = fun _ => 0).
  { intros k K. unfold t. replace (Nat.ltb k (m + a)) with false by (symmetry; apply Nat.ltb_ge; lia).
    now rewrite andb_false_r. }
  assert (Value : forall y at_ e, length y = n -> (m + a <= length e)%nat ->
    (forall i, (i < n)%nat -> hd None (nth (at_ i) e []) = nth_error y i) ->
    run z t (plugged at_ 0 (lyapunov c)) e = run y (fun _ _ => 0) (lyapunov c) [] ++ e).
  { intros y at_ e Ly Le A. pose proof (run_inside n z y t at_ (lyapunov c) [] e Cl A) as E.
    cbn [length app] in E. rewrite E. f_equal. apply run_choice. intros k _. unfold later. apply Zero. lia. }
  assert (E2 : run z t (plugged (fun i => a + (m - 1 - i))%nat 0 (lyapunov c)) (p ++ e0) =
    run x (fun _ _ => 0) (lyapunov c) [] ++ p ++ e0).
  { apply Value; [auto|rewrite app_length; lia|].
    intros i L. rewrite app_nth2 by lia.
    replace (a + (m - 1 - i) - length p)%nat with (m - 1 - i)%nat by lia.
    unfold e0. rewrite variable_at by lia. unfold z. now apply V0. }
  rewrite E2 in H. clear E2.
  set (vx := run x (fun _ _ => 0) (lyapunov c) []) in *.
  assert (Lv : length vx = b) by (unfold vx; rewrite run_length; simpl; lia).
  assert (Top : hd [] vx = nth 0 vx []) by (destruct vx; reflexivity).
  set (e2 := vx ++ p ++ e0) in *.
  (* the value of the next state, whatever it is *)
  destruct (run_onto z t (plugged (fun i => b + nth i (outputs c) 0)%nat 0 (lyapunov c)) e2)
    as [vy [Ly E3]].
  assert (Lpl : forall at_ k q, length (plugged at_ k q) = length q)
    by (intros at_ k q; revert k; induction q; intros; simpl; auto).
  rewrite Lpl in Ly. fold b in Ly. rewrite E3 in H.
  assert (Nv : nth b (vy ++ e2) [] = hd [] vx).
  { rewrite app_nth2 by lia. replace (b - length vy)%nat with O by lia. unfold e2.
    rewrite app_nth1 by lia. now rewrite Top. }
  cbn [run evaluate map nth] in H.
  set (g1 := [hd None (nth b (vy ++ e2) [])]) in *.
  set (g2 := [dot (fst ([1%Q], (- level c)%Q)) g1 (Q2R (snd ([1%Q], (- level c)%Q)))]) in *.
  set (vec := map (fun k => hd None (nth k (g2 :: g1 :: vy ++ e2) []))
    (map (fun i => 2 + 2 * b + a + (m - 1 - i))%nat (seq 0 n) ++
     map (fun k => 2 + 2 * b + k)%nat (outputs c) ++ [2 + b; 2]%nat)) in *.
  unfold mapi in H.
  pose proof (run_rows z t vec (g2 :: g1 :: vy ++ e2) (rows (body c)) []) as E4. simpl app in E4.
  simpl length in E4. 
  match type of H with truth ?e _ => replace e with
    (rev (map (fun r => [dot (fst r) vec (Q2R (snd r))]) (rows (body c))) ++
      vec :: g2 :: g1 :: vy ++ e2) in H by (symmetry; exact E4) end. clear E4.
  set (tail := vec :: g2 :: g1 :: vy ++ e2) in *.
  set (top := rev (map (fun r => [dot (fst r) vec (Q2R (snd r))]) (rows (body c)))) in *.
  assert (Lt : length top = count) by (unfold top; now rewrite rev_length, map_length).
  destruct H as [G|F].
  - (* above the level *)
    destruct G as [q [Eq Pos]]. rewrite app_nth2 in Eq by lia.
    replace (count + 1 - length top)%nat with 1%nat in Eq by lia. simpl in Eq.
    unfold g2, g1 in Eq. simpl in Eq. rewrite Nv in Eq.
    assert (Ev : value c x = hd None (hd [] vx)) by reflexivity.
    destruct (hd None (hd [] vx)) as [v|]; [|discriminate]. simpl in Eq. inversion Eq; subst q.
    exists v. split; [exact Ev|]. left. rewrite Q2R_opp, Q2R_1 in Pos. lra.
  - (* below it *)
    assert (Rw : forall j r, nth_error (rows (body c)) j = Some r ->
      nth (count - 1 - (0 + j)) (top ++ tail) [] = [dot (fst r) vec (Q2R (snd r))]).
    { intros j r E. assert (J : (j < count)%nat) by (apply nth_error_Some; now rewrite E).
      rewrite app_nth1 by lia. unfold top. rewrite rev_nth; rewrite map_length; [|fold count; lia].
      fold count. replace (count - S (count - 1 - (0 + j)))%nat with j by lia.
      rewrite (nth_indep _ [] ((fun r => [dot (fst r) vec (Q2R (snd r))]) r))
        by (rewrite map_length; fold count; lia).
      rewrite (map_nth (fun r => [dot (fst r) vec (Q2R (snd r))])).
      now rewrite (nth_error_nth _ _ _ E). }
    assert (Lvec : length vec = (2 * n + 2)%nat).
    { unfold vec. rewrite map_length, !app_length, !map_length, seq_length. simpl. lia. }
    (* everything in the vector is defined *)
    assert (Def : ~ In None vec).
    { apply (numbered_defined (top ++ tail) (count - 1) vec (body c) 0); auto.
      intros j r E. split; [|now apply Rw].
      pose proof (body_long c Lr Lc) as Long. unfold long in Long. rewrite Forall_forall in Long.
      rewrite Lvec. apply Long. eapply nth_error_In; eauto. }
    assert (Parts : vec = map Some x ++ map (fun k => hd None (nth k p [])) (outputs c) ++
      [hd None (hd [] vx); hd None (nth 0 (vy ++ e2) [])]).
    { unfold vec. rewrite !map_app, !map_map. f_equal; [|f_equal].
      - transitivity (map (fun i => nth_error x i) (seq 0 n)).
        + apply map_ext_in. intros i I. apply in_seq in I.
          change (2 + 2 * b + a + (m - 1 - i))%nat with (S (S (2 * b + a + (m - 1 - i)))).
          cbn [nth]. rewrite app_nth2 by lia. unfold e2. rewrite app_nth2 by lia.
          rewrite app_nth2 by lia.
          replace (2 * b + a + (m - 1 - i) - length vy - length vx - length p)%nat
            with (m - 1 - i)%nat by lia.
          unfold e0. rewrite variable_at by lia. apply V0; [auto|lia].
        + rewrite <- Lx. clear. induction x as [|y x IH]; simpl; auto. f_equal.
          rewrite <- seq_shift, map_map. exact IH.
      - apply map_ext_in. intros k K. pose proof (Out k K) as Kb. apply Nat.ltb_lt in Kb. fold a in Kb.
        change (2 + 2 * b + k)%nat with (S (S (2 * b + k))). cbn [nth].
        rewrite app_nth2 by lia. unfold e2. rewrite app_nth2 by lia. rewrite app_nth1 by lia.
        f_equal. f_equal. lia.
      - cbn [map]. change (2 + b)%nat with (S (S b)). cbn [nth]. now rewrite Nv. }
    destruct (no_none _ Def) as [vals Ev]. rewrite Ev in Parts.
    apply map_eq_app in Parts. destruct Parts as [vals1 [vals2 [-> [P1 P2]]]].
    assert (vals1 = x).
    { clear -P1. revert x P1. induction vals1 as [|q l IH]; intros [|r x] P1; simpl in *;
        try discriminate; auto. inversion P1; subst. f_equal. now apply IH. }
    subst vals1. apply map_eq_app in P2. destruct P2 as [y [vu [-> [P2 P3]]]].
    destruct vu as [|v [|u [|]]]; try discriminate. inversion P3 as [[P4 P5]]. clear P3.
    assert (Ny : next c x w = Some y) by (unfold next; apply all_defined_some; symmetry; exact P2).
    assert (Hy : length y = n) by (rewrite <- (map_length Some y), P2, map_length; exact Lo).
    exists v. split; [unfold value; fold vx; now rewrite <- P4|]. right.
    exists y. split; [exact Ny|].
    assert (LT : linear_truth (x ++ y ++ [v; u]) (body c)).
    { apply (numbered_ok (top ++ tail) (count - 1) _ _ 0); auto. intros j r E.
      rewrite (Rw j r E), Ev. reflexivity. }
    destruct LT as [S1 S2]. split; [now apply (stays_true c x y v u)|].
    destruct S2 as [S2|S2]; [left; now apply (near_true c x y v u)|right].
    exists u. split; [|now apply (falling_true c x y v u)].
    (* the value of the next state is what the program computed *)
    unfold value. rewrite (Value y) in E3; auto.
    + apply app_inv_tail in E3. rewrite E3, P5. destruct vy; [simpl in Ly; lia|reflexivity].
    + unfold e2. rewrite !app_length. lia.
    + intros i L. unfold e2. rewrite app_nth2 by lia.
      replace (b + nth i (outputs c) O - length vx)%nat with (nth i (outputs c) O) by lia.
      assert (K : (nth i (outputs c) O < a)%nat).
      { apply Nat.ltb_lt. apply Out. apply nth_In. lia. }
      rewrite app_nth1 by lia.
      transitivity (nth i (map (fun k => hd None (nth k p [])) (outputs c)) None).
      * rewrite (nth_indep _ None (hd None (nth O p []))) by (rewrite map_length; lia).
        now rewrite (map_nth (fun k => hd None (nth k p []))).
      * rewrite <- P2. rewrite (nth_error_nth' y 0) by lia.
        rewrite (nth_indep _ None (Some 0)) by (rewrite map_length; lia). now rewrite map_nth.
Qed.

(** * From an accepted tree to trajectories *)

Section Accepted.
Variables (c : claim) (proof : task).
Let B := bounds c.
Let L := Q2R (level c).
Let D := Q2R (decay c).
Definition equilibrium : list R := map Q2R (rest c).

Hypothesis wf : well_formed c = true.
Hypothesis accepted : check (descent c) proof = true.
Hypothesis rate : 0 <= D < 1.
(** What the obligations [ray] and exact arithmetic show, in words only so far. *)
Hypothesis rays : forall x y w, in_set B (value c) L x -> allowed c w -> in_cube c x ->
  x <> equilibrium -> next c x w = Some y -> in_box B y -> falls (value c) D x y.
Hypothesis zero_at_rest : forall v, value c equilibrium = Some v -> v = 0.
Hypothesis still_at_rest : forall w y, allowed c w -> next c equilibrium w = Some y -> y = equilibrium.

Theorem accepted_conditions :
  conditions variation (allowed c) B (next c) (value c) L D equilibrium (in_cube c).
Proof.
  constructor; auto. intros x w X W.
  destruct (descent_meaning c x w wf (check_ok _ _ accepted) X W) as [v [V M]].
  exists v. split; auto. destruct M as [M|[y [Y [S M]]]]; [left; exact M|right].
  exists y. split; auto. split; auto. destruct M as [M|[u [U F]]]; [left; exact M|right].
  exists v, u. tauto.
Qed.

(** Every trajectory of the claim's loop that starts where [V <= level], in the domain, stays there,
    and its value falls geometrically; and a trajectory can always go on. *)
Theorem accepted_trajectories x w : trajectory variation (allowed c) (next c) x w ->
  in_set B (value c) L (x O) -> forall v0, value c (x O) = Some v0 -> forall k,
  in_set B (value c) L (x k) /\ exists v, value c (x k) = Some v /\ v <= (1 - D) ^ k * v0.
Proof.
  intros T X v0 V0 k. pose proof accepted_conditions as C. split.
  - eapply invariant; eauto.
  - eapply geometric; eauto.
Qed.
Theorem accepted_never_ends x w : in_set B (value c) L x -> allowed c w ->
  exists y, next c x w = Some y /\ in_set B (value c) L y.
Proof. intros X W. eapply never_ends; eauto. exact accepted_conditions. Qed.
End Accepted.
